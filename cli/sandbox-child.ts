/** Some parts of a sandbox as a process of their own (split-sandbox.ts): told by its parent what to mount, and gone with it. */
import { ConfigurationError } from '#kernel';
import { type Sandbox, type SandboxOptions, startSandbox } from '#sandbox';

export type ChildAnswer = { url: string; ca: string } | { refused: string };

let sandbox: Sandbox | undefined;

process.once('message', async (options: SandboxOptions) => {
  const answer = (message: ChildAnswer) => process.send?.(message);
  try {
    sandbox = await startSandbox(options);
    answer({ url: sandbox.controlUrl, ca: sandbox.authority.cert });
  } catch (error) {
    answer({ refused: error instanceof ConfigurationError ? error.message : String((error as Error).stack) });
  }
});
process.once('disconnect', async () => {
  await sandbox?.stop();
  process.exit(0);
});
// Whoever stops the parent by the keyboard means it, which then ends this in order.
process.on('SIGINT', () => {});

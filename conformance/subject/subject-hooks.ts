import { execFile } from 'node:child_process';
import type { Hook } from '../manifest/manifest.ts';
import { fillTemplate } from '../manifest/template.ts';

export interface HookAnswer {
  ok: boolean;
  /** Body or standard output. */
  text: string;
  /** Why it failed, for a message. */
  detail: string;
}

/** Calls a hook of the manifest. Never throws: a hook that cannot be called has failed. */
export async function callHook(
  hook: Hook,
  options: { variables: Record<string, string>; cwd: string; environment: Record<string, string>; timeoutMs?: number },
): Promise<HookAnswer> {
  const { variables, cwd, environment, timeoutMs = 5000 } = options;
  if ('url' in hook) {
    try {
      const response = await fetch(fillTemplate(hook.url, variables), { signal: AbortSignal.timeout(timeoutMs) });
      return { ok: response.ok, text: await response.text(), detail: `HTTP ${response.status}` };
    } catch (error) {
      const cause = (error as Error).cause as Error | undefined;
      return { ok: false, text: '', detail: cause?.message || (error as Error).message };
    }
  }
  const [program, ...rest] = hook.command.map((word) => fillTemplate(word, variables));
  return new Promise((resolve) => {
    execFile(program!, rest, { cwd, env: environment, timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const detail = error ? `${error.message.split('\n')[0]} ${stderr.trim().split('\n').at(-1) ?? ''}`.trim() : 'exit 0';
      resolve({ ok: !error, text: stdout, detail });
    });
  });
}

/** A round of polling or reconciling may take as long as this (ms). */
const ROUND_MS = 60_000;

/** Calls a hook that has the subject do something at once, and waits for its answer. @throws Error naming it and what went wrong */
export async function doNow(
  name: string,
  hook: Hook,
  { variables, environment }: { variables: Record<string, string>; environment: Record<string, string> },
  cwd: string,
): Promise<void> {
  const { ok, detail } = await callHook(hook, { variables, environment, cwd, timeoutMs: ROUND_MS });
  if (!ok) throw new Error(`hooks.${name} did not succeed: ${detail}`);
}

/** What a hook that answers `{"count": n}` counts. @throws Error naming the hook and what is wrong with its answer. */
export async function countOf(
  name: string,
  hook: Hook,
  { variables, environment }: { variables: Record<string, string>; environment: Record<string, string> },
  cwd: string,
): Promise<number> {
  const { ok, text, detail } = await callHook(hook, { variables, environment, cwd });
  if (!ok) throw new Error(`hooks.${name} did not succeed: ${detail}`);
  const { count } = (() => {
    try {
      return (JSON.parse(text) ?? {}) as { count?: unknown };
    } catch {
      return { count: undefined };
    }
  })();
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0)
    throw new Error(`hooks.${name} answered ${JSON.stringify(text.slice(0, 40))}, not {"count": 3}`);
  return count;
}

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Sandbox, startSandbox } from './sandbox.ts';

const run = promisify(execFile);
const at = (name: string) => fileURLToPath(new URL(`java-crm/${name}`, import.meta.url));
const has = async (program: string) =>
  run(program, ['-version']).then(
    () => true,
    () => false,
  );

// Builds once: Maven fetches what the client needs, and then it stays in target/.
async function build(): Promise<void> {
  if (existsSync(at('target/lib'))) return;
  await run('mvn', ['-q', '-B', '-f', at('pom.xml'), 'package', 'dependency:copy-dependencies', '-DoutputDirectory=target/lib'], {
    cwd: at(''),
  });
}

const missing = (await has('java')) && (await has('mvn')) ? false : 'no Java or Maven';
const skip = missing && process.env.CI !== 'true' ? missing : false;

describe('camel-salesforce, unmodified', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox();
  });
  after(() => sandbox.stop());

  it('logs in, upserts, queries, calls composite and hears change events', { skip, timeout: 300_000 }, async () => {
    await build();
    const { addresses, credentials } = sandbox.part('crm');
    const { clientId, clientSecret, username, password, securityToken } = credentials;
    const path = `${at('target/lib')}/*:${at('target/classes')}`;
    const settings = [addresses.login!, clientId!, clientSecret!, username!, password! + securityToken!];
    await run('java', ['-cp', path, 'syncproof.CamelClient', ...settings], { timeout: 120_000 });
  });
});

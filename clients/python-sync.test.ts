import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AUTHORITY, startSandbox } from './sandbox.ts';

const python = process.env.SYNCPROOF_PYTHON;
const skip = python ? false : 'no Python with the clients of clients/requirements.txt: run by npm test';
const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The blockers of level 1 that apply to it and ID-08, all at once; SE-02 and SE-03, which need the world to themselves for long, by hand. */
const LEVEL_1 = `ID-01 ID-02 ID-03 ID-07 ID-08 DM-01 DM-02 DM-04 DM-06 AP-01 AP-02 AP-03 AP-07 OW-01 IP-01 HL-02 DQ-01 DQ-03 SE-01 SE-04 SE-05
  BV-01 LT-01`;
/** What it is built for, of level 2: order, duplicates, a kill. */
const LEVEL_2 = 'OR-01 OR-02 IP-08 ID-05 HL-01';
const WANTED = `${LEVEL_1} ${LEVEL_2}`.split(/\s+/);

interface Result {
  exitCode: number;
  checks: { id: string; verdict: string; message: string }[];
}

describe('a sync in Python, written from the documentation alone', () => {
  it('passes the level 1 blockers that it claims, and stands order, duplicates and a kill', { skip }, (t) => {
    const out = mkdtempSync(join(tmpdir(), 'syncproof-python-'));
    t.after(() => rmSync(out, { recursive: true, force: true }));
    const args = ['check', '--subject', at('python-sync/syncproof.yaml'), '--only', WANTED.join(','), '--out', out];
    // The manifest says python3, as anybody's would: here that is the one with the packages.
    const PATH = [dirname(python!), process.env.PATH].join(delimiter);
    const { stdout, stderr } = spawnSync(process.execPath, [at('../cli.ts'), ...args], {
      env: { ...process.env, PATH },
      encoding: 'utf8',
    });
    const folder = readdirSync(out).find((name) => name !== 'latest');
    assert.ok(folder, `nothing was judged\n${stderr}`);
    const result = JSON.parse(readFileSync(join(out, folder, 'result.json'), 'utf8')) as Result;
    const verdicts = Object.fromEntries(result.checks.map(({ id, verdict }) => [id, verdict]));
    assert.deepEqual(verdicts, Object.fromEntries(WANTED.map((id) => [id, 'pass'])), stdout);
    assert.equal(result.exitCode, 0, stdout);
  });

  it('the sign-in that docs/stacks.md shows works as it stands there', { skip }, async (t) => {
    const sandbox = await startSandbox();
    t.after(() => sandbox.stop());
    await sandbox.register({ mrn: 'stacks-1', family: 'Hopper', given: 'Grace' });
    const [, block] = /```python\n([\s\S]*?)```/.exec(readFileSync(at('../docs/stacks.md'), 'utf8'))!;
    const { addresses, credentials } = sandbox.part('epic');
    const env = {
      ...process.env,
      REQUESTS_CA_BUNDLE: sandbox.caFile,
      SYNCPROOF_EPIC_AUTHORITY: AUTHORITY,
      SYNCPROOF_EPIC_FHIR_URL: addresses.fhirTls,
      SYNCPROOF_EPIC_TOKEN_URL: addresses.tokenTls,
      SYNCPROOF_EPIC_CLIENT_ID: credentials.clientId,
      SYNCPROOF_EPIC_KEY_ID: credentials.keyId,
      SYNCPROOF_EPIC_PRIVATE_KEY_FILE: credentials.privateKeyFile,
      SYNCPROOF_EPIC_GROUP_ID: credentials.groupId,
    };
    const { stdout } = await promisify(execFile)(python!, ['-c', block!], { env });
    assert.equal(stdout, 'patients: 1\n');
  });
});

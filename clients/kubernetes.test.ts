import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const python = process.env.SYNCPROOF_PYTHON;
const skip = python ? false : 'no Python with the packages of clients/requirements.txt: run by npm test';
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe('kubernetes/', () => {
  it('is valid by the schemas that Kubernetes publishes', { skip }, async () => {
    const { stdout } = await promisify(execFile)(python!, [path('kubernetes_manifests_test.py'), path('../kubernetes')]);
    assert.equal(stdout.match(/^StatefulSet /gm)?.length, 5);
    assert.match(stdout, /^Deployment control$/m);
  });
});

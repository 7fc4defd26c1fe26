import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Workshop } from './testing/processes.ts';

const workshop = new Workshop();
const cwd = workshop.folder();
afterAll(() => workshop.tidy());

const free = ['--control-port', '0', '--port', 'crm=0'];

test('up --from a named snapshot or a folder: forks beside the first, each with the parts of the snapshot', async () => {
  const up = async (...args: string[]) => {
    const command = workshop.start(['up', ...args, ...free, '--ca', join(cwd, 'ca')], { cwd });
    const [, url] = await command.says(/control API +(\S+)\/v1\/openapi\.json/);
    await command.says(/crm \(salesforce\)/);
    const call = async (method: string, path: string, body?: unknown) =>
      (await (await fetch(url + path, { method, body: body && JSON.stringify(body) } as RequestInit)).json()) as never;
    const add = (LastName: string) =>
      call('POST', '/v1/crm/commits', { changes: [{ op: 'create', type: 'Contact', fields: { LastName } }] });
    const names = async () =>
      ((await call('GET', '/v1/crm/records/Contact')) as { rows: { LastName: string }[] }).rows.map((row) => row.LastName);
    return { call, add, names, parts: async () => ((await call('GET', '/v1/parts')) as { parts: { name: string }[] }).parts };
  };
  const first = await up('crm', '--data', join(cwd, 'first'), '--snapshots', join(cwd, 'kept'));
  await first.add('Both');
  await first.call('POST', '/v1/snapshots', { name: 'start' });
  await first.add('First');
  const forks = await Promise.all([
    up('--from', 'start', '--snapshots', join(cwd, 'kept')),
    up('--from', join(cwd, 'kept', 'start'), '--data', join(cwd, 'third')),
  ]);
  await forks[0]!.add('Second');
  expect(await Promise.all([first, ...forks].map((each) => each.names()))).toEqual([
    ['Both', 'First'],
    ['Both', 'Second'],
    ['Both'],
  ]);
  expect((await forks[0]!.parts()).map(({ name }) => name)).toEqual(['crm']);
  const kept = ['--snapshots', join(cwd, 'kept')];
  const refused = await Promise.all(
    [
      ['--from', join(cwd, 'kept', 'start'), '--data', join(cwd, 'third')],
      ['--from', 'strat', ...kept],
      ['epic', '--from', 'start', ...kept],
    ].map((args) => workshop.run(['up', ...args, ...free], { cwd })),
  );
  expect(refused.map(({ code, err }) => [code, err])).toEqual([
    [2, expect.stringContaining('holds the state of a sandbox already')],
    [2, expect.stringContaining('--from strat: there is no such snapshot; did you mean start?')],
    [2, expect.stringContaining('is of another sandbox: it has crm; this process runs epic')],
  ]);
});

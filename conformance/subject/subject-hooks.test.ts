import { expect, it } from 'vitest';
import { countOf, doNow } from './subject-hooks.ts';

const printing = (text: string) => ({
  command: [process.execPath, '-e', `process.stdout.write(${JSON.stringify(text)})`],
});
const count = (text: string) => countOf('failed', printing(text), { variables: {}, environment: {} }, process.cwd());

it('reads what a hook counts', async () => {
  expect(await count('{"count": 3}\n')).toBe(3);
});

it.each(['', 'null', '3', '{"count": "3"}', '{"count": -1}', '{"count": 1.5}', 'OK'])('%j is no count', async (text) => {
  await expect(count(text)).rejects.toThrow('hooks.failed answered');
});

it('names a hook that fails', async () => {
  const hook = { command: [process.execPath, '-e', 'process.exit(3)'] };
  await expect(countOf('failed', hook, { variables: {}, environment: {} }, process.cwd())).rejects.toThrow(
    'hooks.failed did not succeed',
  );
});

it.each([
  ['exit 0', 0, undefined],
  ['a failure', 3, /^hooks\.poll_now did not succeed: /],
])('what is to be done at once ends with %s', async (_, code, says) => {
  const done = doNow(
    'poll_now',
    { command: [process.execPath, '-e', `process.exit(${code})`] },
    { variables: {}, environment: {} },
    process.cwd(),
  );
  await (says ? expect(done).rejects.toThrow(says) : done);
});

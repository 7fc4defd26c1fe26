import { describe, expect, test } from 'vitest';
import { type Instance, together } from './instances.ts';
import type { Ending, Subject } from './subject.ts';

const stopped: Ending = { how: 'exited', code: 0, signal: null, cause: 'stop', tookMs: 5 };

/** Instances that write down what is done to them. */
function cluster(count: number, mode: Subject['mode'] = 'command') {
  const did: string[] = [];
  const instances = Array.from({ length: count }, (_, n): Instance => {
    const said = (what: string) => async () => {
      did.push(`${what} ${n}`);
      return stopped;
    };
    const subject = { mode, alive: true, kill: said('kill'), restart: said('restart'), close: said('close') };
    return { subject: subject as unknown as Subject, binds: { mllp: { epic: `h:${n}` }, release: async () => {} } };
  });
  const point = async ({ mllp }: Instance['binds']) => void did.push(`point ${mllp.epic}`);
  return { did, subject: together(instances, { restart: true, point, refresh: async () => () => ({}) }) };
}

describe('instances of a subject', () => {
  test('are restarted one by one, while the hospital calls one that is there', async () => {
    const { did, subject } = cluster(2);
    await subject.restartOneByOne!();
    expect(did).toEqual(['point h:1', 'restart 0', 'point h:0', 'restart 1', 'point h:0']);
  });

  test('of one there is nobody else to call', async () => {
    const { did, subject } = cluster(1);
    await subject.restartOneByOne!();
    expect([subject.instances, did]).toEqual([1, ['restart 0', 'point h:0']]);
  });

  test('die together and come back in order; the first, who keeps the data, ends last', async () => {
    const { did, subject } = cluster(2);
    await subject.kill!();
    await subject.revive!();
    expect(await subject.stop()).toEqual({ how: 'stopped with exit code 0 after 5 ms', forced: false });
    expect(did).toEqual(['kill 0', 'kill 1', 'restart 0', 'restart 1', 'close 1', 'close 0']);
  });

  test('do without the first when it alone dies, and have it back', async () => {
    const { did, subject } = cluster(2);
    await subject.killFirst!();
    await subject.reviveFirst!();
    expect(did).toEqual(['point h:1', 'kill 0', 'restart 0', 'point h:0']);
  });

  test('are left alone where they are not ours', () => {
    const { subject } = cluster(1, 'attach');
    expect([subject.kill, subject.restartOneByOne]).toEqual([undefined, undefined]);
  });
});

import type { HeldBinds } from '../manifest/ports.ts';
import type { RunningSubject } from '../recorder.ts';
import { describeEnding, type Ending, type Subject } from './subject.ts';

/** One of several that run side by side, and where it listens. */
export interface Instance {
  subject: Subject;
  binds: HeldBinds;
}

/** All instances of a subject as one: they die and come back together, or one after the other. */
export function together(
  instances: readonly Instance[],
  options: {
    restart: boolean;
    /** Has hospitals and CRM call one of them. */
    point: (binds: HeldBinds) => Promise<void>;
    /** Learns what the sandbox takes now, and gives the way to each one's settings. */
    refresh: () => Promise<(of: Instance, instance: number) => Record<string, string>>;
  },
): RunningSubject {
  const [first] = instances as [Instance, ...Instance[]];
  const all = (work: (subject: Subject) => Promise<unknown>) => Promise.all(instances.map(({ subject }) => work(subject)));
  const own = first.subject.mode === 'command' && options.restart;
  return {
    instances: instances.length,
    ...(own && {
      kill: async () => void (await all((subject) => subject.kill())),
      // One after the other, as they were started: who comes first works.
      revive: async () => {
        for (const { subject } of instances) await subject.restart();
      },
      // Where there are others, they have to do without it.
      killFirst: async () => {
        const other = instances[1];
        if (other) await options.point(other.binds);
        await first.subject.kill();
      },
      reviveFirst: async () => {
        await first.subject.restart();
        await options.point(first.binds);
      },
      reconfigure: async () => {
        const settingsOf = await options.refresh();
        for (const [i, one] of instances.entries()) await one.subject.reconfigure(settingsOf(one, i));
      },
      restartOneByOne: async () => {
        for (const one of instances) {
          // The hospital's link goes to one that is there.
          const other = instances.find((each) => each !== one && each.subject.alive);
          if (other) await options.point(other.binds);
          await one.subject.restart();
        }
        await options.point(first.binds);
      },
    }),
    async stop() {
      // The first one keeps the data of all, and goes last.
      const endings: (Ending | undefined)[] = [];
      for (const { subject } of [...instances].reverse()) endings.push(await subject.close());
      const worst = endings.find((ending) => ending?.how === 'killed') ?? endings.at(-1);
      return { how: worst ? describeEnding(worst) : 'was not ours to stop', forced: worst?.how === 'killed' };
    },
  };
}

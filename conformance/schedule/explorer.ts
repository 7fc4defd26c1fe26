import type { Clock, Random, RecordRef, Rule } from '#simulators';
import { eachAtOnce } from '../each-at-once.ts';
import type { Facts } from '../facts/facts.ts';
import type { SandboxClient } from '../world/sandbox-client.ts';
import { SandboxDoor } from './door.ts';
import type { LaneRecord, ScheduleFile } from './file.ts';
import { Lane } from './lane.ts';
import { runLane } from './run-lane.ts';
import { firmSteps, follow, STRATEGIES } from './strategies/index.ts';

/** One thing that the judge does in a lane. Its `touches` are names of records, without the lane's own. */
export interface Act {
  name: string;
  touches: readonly string[];
  /** Gives the record that it made or changed, where it did. */
  run(): Promise<{ ref: RecordRef } | unknown>;
}

/** What one schedule is made of. Records are called `<name> of <lane>`. */
export interface LaneSpec {
  /** The workload, and which of them: `merge 3`. */
  name: string;
  /** Words by which the subject's calls to the CRM can name these people and their visits, known before anything is committed. */
  words: readonly string[];
  acts: readonly Act[];
}

/** A lane that is made when its turn comes. */
export interface LanePlan {
  name: string;
  make(): LaneSpec | Promise<LaneSpec>;
}

/** What a recorded schedule is followed by. */
export interface Replay {
  schedule: ScheduleFile;
  /** Calls wait without limit: for somebody with a debugger. */
  hold: boolean;
}

export interface ExplorerOptions {
  cohort: string;
  site: string;
  sandbox: Pick<SandboxClient, 'release'>;
  facts: Facts;
  clock: Clock;
  random: Random;
  arm(...rules: (Rule & { id: string })[]): Promise<void>;
  heal(...ids: string[]): Promise<void>;
  note(key: string, value: unknown): Promise<void>;
  /** How long a gate holds a call at most, in ms. */
  deadlineMs: number;
  /** The longest interval at which the subject polls, in ms. */
  pollInterval: number;
  /** Whether the EHR tells it of changes. */
  isTold: boolean;
  replay?: Replay;
}

/** How many lanes run side by side: a subject has only so many hands, and those that are held do nothing else. */
const AT_ONCE = 5;

/** Where calls of the subject wait. A call passes two of them at most, so that its time is never over for want of a release. */
const GATES = [
  { sim: 'crm', hook: 'before-commit' },
  { sim: 'crm', hook: 'reply' },
  { sim: 'ehr', hook: 'before-commit' },
  { sim: 'ehr', hook: 'reply' },
] as const;

const PATIENCE_MS = 40;
const IDLE_MS = 200;
const REST_MS = 300;
const TAIL = 10;
/** A subject that polls is waited for before the judge goes on alone; not always, since nobody waits in life. */
const EAGER = 0.3;
/** Of one that only polls so many rounds: whom it asks for next is its own affair. */
const ROUNDS = 10;
const LONGEST_LONELY_MS = 2_000;
const DECADE_MS = 86_400_000;

/** Explores schedules of several lanes side by side: each is its own order, since they share no record. */
export class Explorer {
  #o: ExplorerOptions;

  constructor(options: ExplorerOptions) {
    this.#o = options;
  }

  /** Where a record is followed, its lanes alone are run. */
  async run(plans: readonly LanePlan[]): Promise<void> {
    const { note, replay, deadlineMs } = this.#o;
    const strategy = replay ? replay.schedule.strategy : STRATEGIES.map(({ id }) => id).join(', ');
    await note('exploration', { strategy, deadlineMs });
    const recorded = replay?.schedule.lanes.map(({ name }) => name);
    const waiting = plans.filter(({ name }) => recorded?.includes(name) ?? true);
    // One that waits for what was recorded must not wait for a hand that another lane holds.
    await eachAtOnce(waiting, replay ? 1 : AT_ONCE, async (plan) => this.#explore(await plan.make()));
  }

  async #explore(spec: LaneSpec): Promise<void> {
    const { cohort, facts, sandbox, clock, random, pollInterval, isTold, deadlineMs, replay, note } = this.#o;
    const chance = random.fork(`lane ${spec.name}`);
    const nth = Number(/\d+$/.exec(spec.name)?.[0] ?? 0);
    const strategy = replay ? follow(replay.schedule) : STRATEGIES[nth % STRATEGIES.length]!;
    const lane = new Lane(spec.name, spec.acts, strategy, chance.fork('choices'));
    const rules = `${cohort}/gate ${spec.name}/`;
    const armed: string[] = [];
    const door = new SandboxDoor(facts, sandbox, { cohort, lane: spec.name, rules });
    await this.#arm(rules, ['crm', 'ehr'], spec.words, armed);
    const acts = spec.acts.map((act) => async () => {
      const ref = ((await act.run()) as { ref?: RecordRef } | undefined)?.ref;
      // Only the commit says under which id the EHR has a person.
      if (ref?.sim === 'ehr' && ref.version === 1 && ref.type === 'Patient') await this.#arm(rules, ['ehr'], [ref.id], armed);
    });
    const record = replay?.schedule.lanes.find(({ name }) => name === spec.name);
    const recorded = record && firmSteps(record.decisions);
    const pace = {
      clock,
      // What was recorded in some order has to have come to the same point before the next step.
      patienceMs: replay ? 2 * PATIENCE_MS : PATIENCE_MS,
      lonelyMs: Math.min(LONGEST_LONELY_MS, Math.max(100, (isTold ? 2 : ROUNDS) * pollInterval)),
      eager: () => chance.chance(isTold ? EAGER : EAGER / 3),
      idleMs: IDLE_MS,
      restMs: REST_MS,
      tail: TAIL,
      giveUpMs: replay?.hold ? DECADE_MS : 2 * deadlineMs + LONGEST_LONELY_MS,
    };
    const diverged = await runLane(lane, acts, door, pace, recorded);
    await this.#o.heal(...armed);
    await note(`schedule ${spec.name}`, { name: spec.name, decisions: lane.decisions } satisfies LaneRecord);
    if (diverged) await note(`diverged ${spec.name}`, diverged);
  }

  async #arm(rules: string, sims: readonly string[], words: readonly string[], armed: string[]): Promise<void> {
    const { site, replay, deadlineMs } = this.#o;
    const wanted = GATES.filter((gate) => sims.includes(gate.sim)).flatMap(({ sim, hook }) =>
      words.map((text, n) => ({
        id: `${rules}${sim} ${hook} ${armed.length + n}`,
        fault: 'gate',
        params: { at: hook, deadlineMs: replay?.hold ? 0 : replay ? 2 * deadlineMs : deadlineMs },
        where: { sim, ...(sim === 'ehr' && { tenant: site }), text },
      })),
    );
    armed.push(...wanted.map(({ id }) => id));
    await this.#o.arm(...wanted);
  }
}

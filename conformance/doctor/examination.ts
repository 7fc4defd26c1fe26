import type { JournalEvent } from '#simulators';
import type { Manifest } from '../manifest/manifest.ts';
import type { Problem } from '../manifest/problem.ts';
import { declaredWays, type Way } from './stages.ts';
import { SYMPTOMS, type Symptom } from './symptoms.ts';

/** What is told of the subject itself, and of none of the ways to it. */
const SYNC = 'the sync';

/** The part of the sandbox that an event is of, as the sandbox names it; `the sync` for what is of the subject itself. */
function partOf({ sim, tenant }: JournalEvent): string {
  if (sim === 'judge') return SYNC;
  if (sim === 'hl7') return `${tenant}-hl7`;
  return sim === 'ehr' ? (tenant ?? sim) : sim;
}

/** What was seen of one symptom at one part. */
interface Complaint {
  symptom: Symptom;
  part: string;
  shown: string;
  times: number;
}

/** Looks at a sync that is being started, by the journal alone: how far it has come at each part, and what is in its way. */
export class Examination {
  #ways: readonly Way[];
  /** How many stages of each way were taken. */
  #taken = new Map<string, number>();
  #complaints = new Map<string, Complaint>();
  #hasBegun = false;
  #onStage: (part: string, done: string) => void;

  constructor(manifest: Pick<Manifest, 'sites'>, onStage: (part: string, done: string) => void = () => {}) {
    this.#ways = declaredWays(manifest);
    this.#onStage = onStage;
  }

  hear(event: JournalEvent): void {
    // A sandbox that stayed up tells of earlier subjects first.
    this.#hasBegun ||= event.kind === 'run' && event.data?.type === 'begin';
    if (!this.#hasBegun) return;
    const part = partOf(event);
    this.#advance(part, event);
    const [symptom, shown] = shownBy(event) ?? [];
    if (!symptom || shown === undefined) return;
    const key = `${symptom.id} ${part}`;
    const before = this.#complaints.get(key);
    this.#complaints.set(key, before ? { ...before, times: before.times + 1 } : { symptom, part, shown, times: 1 });
  }

  // What is shown is shown whatever was expected before it: steps that were skipped are taken with it.
  #advance(part: string, event: JournalEvent): void {
    const stages = this.#ways.find((way) => way.part === part)?.stages ?? [];
    const reached = stages.findLastIndex((stage) => stage.taken(event)) + 1;
    if (reached <= (this.#taken.get(part) ?? 0)) return;
    this.#taken.set(part, reached);
    this.#onStage(part, stages[reached - 1]!.done);
  }

  /** Whether something was seen that waiting longer will not mend. */
  get isSure(): boolean {
    return this.#certain().length > 0;
  }

  /** What is wrong, by its cause where one was seen, else by the first step that was not taken at a part. */
  problems(): Problem[] {
    const found = this.causes();
    const explained = new Set(this.#certain().map(({ part }) => part));
    for (const { part, stages } of explained.has(SYNC) ? [] : this.#ways) {
      const next = stages[this.#taken.get(part) ?? 0];
      // Who reads nothing anywhere has nothing to write.
      const isLast = next === stages.at(-1) && part === 'crm' && found.length > 0;
      if (next && !isLast && !explained.has(part)) found.push(problem(part, next.missing, next.fix));
    }
    return found;
  }

  /** What was seen to be wrong. */
  causes(): Problem[] {
    return this.#certain().map(({ part, shown, symptom }) => problem(part, shown, symptom.fix));
  }

  // What came right in the end was a matter of starting.
  #certain(): Complaint[] {
    const isThrough = (part: string): boolean =>
      this.#ways.some((way) => way.part === part && this.#taken.get(part) === way.stages.length);
    return [...this.#complaints.values()].filter(
      ({ symptom, times, part }) => times >= (symptom.times ?? 1) && !(symptom.times !== undefined && isThrough(part)),
    );
  }
}

function shownBy(event: JournalEvent): [Symptom, string] | undefined {
  for (const symptom of SYMPTOMS) {
    const shown = symptom.shows(event);
    if (shown !== undefined) return [symptom, shown];
  }
  return undefined;
}

// The settings are told by their names at this site.
const problem = (part: string, says: string, fix: string): Problem => ({
  severity: 'error',
  message: `${part} ${says}`,
  fix: fix.replaceAll('<SITE>', part.replace(/-hl7$/, '').toUpperCase()),
});

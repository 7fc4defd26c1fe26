import { Rejected } from '#kernel';
import { applyChanges, type Registrar } from './changes.ts';
import type { Call } from './context.ts';
import type { Plan } from './plan.ts';
import { refuse, refuseInvalid } from './replies.ts';
import type { Stored } from './resource.ts';
import { InvalidResource } from './validate.ts';

/** A plan, and what became of it. */
export interface Done {
  plan: Plan;
  /** Image after; null for a delete, undefined where nothing was done. */
  after?: Stored | null;
}

/** How often a plan is made again, when somebody else wrote between the look and the write. */
const ATTEMPTS = 3;
class Overtaken extends Error {}

/**
 * Makes plans and carries them out in one commit: all or nothing, one event.
 * @param make plans anew for each attempt: conditions are asked again when the world moved under them.
 */
export async function commitPlans({ site, context }: Call, registrar: Registrar, make: () => Plan[]): Promise<Done[]> {
  for (let attempt = 1; ; attempt++) {
    const plans = make();
    const changing = plans.filter(({ change }) => change !== undefined);
    if (changing.length === 0) return plans.map((plan) => ({ plan }));
    try {
      const now = (): string => new Date(site.kernel.clock.now()).toISOString();
      const { after } = await context.commit({
        sim: 'ehr',
        tenant: site.name,
        act: telling(changing.map(({ act }) => act)),
        apply: () => {
          if (!changing.every(({ holds }) => holds())) throw new Overtaken();
          return applyChanges(
            site.store,
            registrar,
            changing.flatMap(({ change, also = [] }) => [change!, ...also]),
            now(),
          );
        },
      });
      let at = 0;
      return plans.map((plan) => {
        if (!plan.change) return { plan };
        const image = after[at] as Stored | null;
        at += 1 + (plan.also?.length ?? 0);
        return { plan, after: image };
      });
    } catch (error) {
      if (error instanceof Overtaken) {
        if (attempt < ATTEMPTS) continue;
        return refuse('conflict', { diagnostics: 'the resource is being written by others' });
      }
      if (!(error instanceof InvalidResource)) throw error;
      // What changed between the look and the write shows here: the write is the judge.
      if (error.issues[0]?.code === 'conflict' && changing.some(({ change }) => change?.ifVersion !== undefined))
        throw new Rejected('precondition-failed', { message: error.message });
      return refuseInvalid(error.issues);
    }
  }
}

// Of several acts in one event, the one that says most about what happened at the front desk.
const TELLING = ['book', 'cancel', 'no-show', 'arrive', 'complete', 'reschedule', 'modify', 'register'];
const telling = (acts: readonly string[]): string => TELLING.find((act) => acts.includes(act)) ?? acts[0]!;

import type { Rule } from '#simulators';
import type { CheckFacts } from '../facts/check-facts.ts';
import type { World } from './world.ts';

/** Something that the systems offer over TLS otherwise than usual. */
export interface Offer extends Pick<Rule, 'fault' | 'params'> {
  /** As the journal names it. */
  name: string;
  /** Whether a subject is to make calls under it all the same. */
  calls: boolean;
}

/** An offer at one of them: the name of its rule, and what findings call it. */
export const offerAt = (offer: string, sim: string): string => `${offer} at the ${sim}`;

/** A known patient is changed under one offer after the other, each at all systems whose API the subject calls. */
export async function offerInTurn(world: World, offers: readonly Offer[]): Promise<void> {
  const known = await world.register('known');
  if (!(await world.settled('before'))) return;
  const systems = world.calls.calledSystems;
  await world.note('called over TLS', systems);
  for (const { name, calls, ...rule } of offers) {
    for (const sim of systems) await world.arm(offerAt(name, sim), { ...rule, where: world.calls.whereIs(sim) });
    await world.update(known, { telecom: world.person(`number under ${name}`).telecom });
    await world.calls.tried(name, { calls });
    for (const sim of systems) await world.heal(offerAt(name, sim));
  }
  await world.settled('after');
}

/** The systems to which that was done. */
export const systemsCalled = (facts: CheckFacts): string[] => facts.note<string[]>('called over TLS') ?? [];

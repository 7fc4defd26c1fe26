import type { PatientHandle, World } from './world.ts';

const PEOPLE = 5;

/** People who are known before a load begins. */
export async function knownPeople(world: World): Promise<PatientHandle[]> {
  const people: PatientHandle[] = [];
  for (let n = 1; n <= PEOPLE; n++) people.push(await world.register(`person ${n}`));
  return people;
}

/** For some time, and at the rate that the subject declares, a clinic's desk: a number that changed, a visit that is booked, in turns. */
export function arrivals(world: World, schedule: string, people: readonly PatientHandle[], ms: number): Promise<void> {
  return world.offer(schedule, { perSecond: world.tps, ms }, (offer) => {
    const person = people[Math.floor(offer.index / 2) % people.length]!;
    return offer.index % 2 === 0
      ? world.update(person, { telecom: world.person(`number ${offer.index}`).telecom }, 'update', offer)
      : world.book(`visit ${offer.index}`, person, { offer });
  });
}

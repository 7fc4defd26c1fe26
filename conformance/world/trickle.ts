import type { World } from './world.ts';

const PEOPLE = 6;
const CHANGES = 24;
const EVERY_MS = 50;

/** A steady trickle of changes over a few people: the stimulus of the latency checks, in its size for CI. */
export async function trickle(world: World): Promise<void> {
  const people = [];
  for (let n = 1; n <= PEOPLE; n++) people.push(await world.register(`person ${n}`));
  if (!(await world.settled('before'))) return;
  for (let n = 0; n < CHANGES; n++) {
    const person = people[n % PEOPLE]!;
    const telecom = world.person(`number ${n}`).telecom;
    await world.update(person, { telecom });
    await world.pass(EVERY_MS);
  }
  await world.settled('trickled');
}

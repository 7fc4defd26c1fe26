import { isDeepStrictEqual } from 'node:util';
import { systemClock as clock, type JournalEvent, RuleError } from '#kernel';
import { type Client, clientsOf } from './clients.ts';
import { clientViolations, defects, foldOf, journalHoles, type Violation } from './invariants.ts';
import type { Seen } from './log.ts';
import { mix } from './mix.ts';
import { openWorld, type World } from './world.ts';

export interface ChaosOptions {
  seconds: number;
  seed: string;
  /** How many rules are armed at once. */
  rules?: number;
  /** How long a rule stays armed, in milliseconds. */
  ruleMs?: number;
}

export interface ChaosResult {
  seed: string;
  events: number;
  calls: number;
  acknowledged: number;
  commits: number;
  /** How often each fault hit something. */
  hits: Map<string, number>;
  /** Faults that never hit anything. */
  missed: string[];
  /** Rules of the mix that the sandbox would not arm, with the reason. */
  refused: string[];
  violations: Violation[];
}

// How long what was healed may take to answer cleanly.
const HEALED_MS = 20_000;

/** Everything goes wrong at random while everybody works; then all is healed, and the sandbox must be none the worse. */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seconds, seed, rules = 4, ruleMs = 700 } = options;
  const world = await openWorld(seed);
  const clients = clientsOf(world);
  const seen: Seen[] = [];
  try {
    const working = { on: true };
    const work = clients.map(async (client) => {
      while (working.on) seen.push(await client.once());
    });
    const refused = await torment(world, { seed, until: clock.now() + seconds * 1000, rules, ruleMs });
    world.kernel.rules.heal();
    working.on = false;
    await Promise.all(work);
    const healed = await recovered(world, clients);
    return judge(world, seen, { seed, refused, healed });
  } finally {
    for (const client of clients) client.close();
    await world.close();
  }
}

async function torment(
  { kernel }: World,
  { seed, until, rules, ruleMs }: { seed: string; until: number; rules: number; ruleMs: number },
): Promise<string[]> {
  const refused: string[] = [];
  const drawn = mix(kernel.faults, () => kernel.places.list(), kernel.random.fork(`mix ${seed}`));
  const lanes = Array.from({ length: rules }, async () => {
    while (clock.now() < until) {
      const rule = drawn.next().value!;
      let armed: { id: string };
      try {
        armed = kernel.rules.arm(rule);
      } catch (error) {
        if (!(error instanceof RuleError)) throw error;
        refused.push(`${JSON.stringify(rule)}: ${error.message}`);
        continue;
      }
      // Two that stand may not go together: a field that is gone cannot be renamed. The second is healed then.
      await kernel.rules.effective([armed]).catch((error) => {
        if (!(error instanceof RuleError)) throw error;
      });
      await clock.sleep(ruleMs);
      kernel.rules.heal(armed.id);
    }
  });
  await Promise.all(lanes);
  return refused;
}

/** Whether everybody is served again, and everything that waited has gone. */
async function recovered(world: World, clients: readonly Client[]): Promise<Violation[]> {
  const { kernel, sandbox } = world;
  const deadline = clock.now() + HEALED_MS;
  const late: Violation[] = [];
  const wait = async (what: string, done: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await done())) {
      if (clock.now() > deadline) {
        late.push({ invariant: 'healed', what });
        return;
      }
      await clock.sleep(50);
    }
  };
  for (const client of clients) {
    if (client.name.startsWith('subscriber')) continue;
    let row = 0;
    await wait(`${client.name} is not served`, async () => {
      row = (await client.once()).ok ? row + 1 : 0;
      return row >= 3;
    });
  }
  for (const { name } of world.places)
    await wait(`messages of ${name} still wait`, async () => {
      const reply = await fetch(`${sandbox.controlUrl}/v1/sites/${name}/link`);
      return ((await reply.json()) as { queued: number }).queued === 0;
    });
  await wait('calls are still parked', () => kernel.gates.list().length === 0);
  await wait('notifications still wait', () => [...kernel.cell('ehr.athena.notices').values()].length === 0);
  return late;
}

function judge(
  { kernel, places, org }: World,
  seen: readonly Seen[],
  { seed, refused, healed }: { seed: string; refused: string[]; healed: Violation[] },
): ChaosResult {
  const events: JournalEvent[] = [];
  for (let page = kernel.journal.read(); page.length > 0; page = kernel.journal.read({ after: events.length }))
    events.push(...page);
  const { state, violations } = foldOf(events);
  const families = new Map(kernel.faults.map(({ name, family }) => [name, family]));
  const hits = new Map<string, number>();
  for (const { kind, data } of events)
    if (kind === 'fault') hits.set(String(data!.fault), (hits.get(String(data!.fault)) ?? 0) + 1);
  const strange = places.flatMap(({ name, site }) =>
    [...state].flatMap(([key, { image }]): Violation[] => {
      const [sim, tenant, type, id] = key.split('/');
      if (sim !== 'ehr' || tenant !== name) return [];
      return same(site.read(type!, id!) ?? null, image) ? [] : [unlike(key)];
    }),
  );
  const rows = new Map(org.rows('Contact').map((row) => [row.Id, row]));
  for (const [key, { image }] of state) {
    const [sim, , type, id] = key.split('/');
    if (sim === 'crm' && type === 'Contact' && !same(rows.get(id) ?? null, image)) strange.push(unlike(key));
  }
  return {
    seed,
    events: events.length,
    calls: seen.length,
    acknowledged: seen.filter(({ ok, kind }) => ok && kind !== 'read').length,
    commits: events.filter(({ kind }) => kind === 'commit').length,
    hits,
    missed: kernel.faults.map(({ name }) => name).filter((name) => !hits.has(name)),
    refused,
    violations: [
      ...journalHoles(events),
      ...defects(events),
      ...violations,
      ...strange,
      ...clientViolations(events, seen, (fault) => families.get(fault)),
      ...healed,
    ],
  };
}

const unlike = (key: string): Violation => ({ invariant: 'state', what: `${key} is not what its commits come to` });

// A group lists its members as they are when it is read.
const same = (now: unknown, image: unknown): boolean =>
  (now as { resourceType?: string } | null)?.resourceType === 'Group' ||
  isDeepStrictEqual(JSON.parse(JSON.stringify(now)), JSON.parse(JSON.stringify(image)));

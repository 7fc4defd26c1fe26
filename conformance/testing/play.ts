import { Random } from '#simulators';
import { cohortOf } from '../applicable.ts';
import type { CheckDefinition } from '../check.ts';
import { Evidence, type Judged } from '../facts/evidence.ts';
import { Facts } from '../facts/facts.ts';
import { Settler } from '../facts/settle.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { RunningSubject } from '../recorder.ts';
import { settleTerms } from '../run.ts';
import { World } from '../world/world.ts';
import type { Behaviour } from './behaviour.ts';
import { FakeSandbox } from './fake-sandbox.ts';
import { MAP, manifest } from './setting.ts';

export interface Played extends Judged {
  sandbox: FakeSandbox;
  evidence: Evidence;
  cohort: string;
}

/** Plays a check against a model of a subject, as a run does, and judges it. */
export async function play(
  check: CheckDefinition,
  does: Behaviour,
  judged: Manifest = manifest(),
  options: { seed?: string; process?: string; hooks?: Pick<RunningSubject, 'pollNow' | 'reconcileNow'> } = {},
): Promise<Played> {
  const [at] = judged.sites;
  const cohort = cohortOf(check, at!);
  const { seed = '1', process } = options;
  const sandbox = new FakeSandbox(cohort, does, process);
  const facts = new Facts();
  const evidence = new Evidence(facts, MAP, judged);
  evidence.output = () => sandbox.output;
  evidence.audit = () => sandbox.audit.lines;
  sandbox.b.listener = (event) => {
    facts.ingest(event);
    sandbox.audit.hear(event);
  };
  const { clock, client } = sandbox;
  const settler = new Settler(facts, clock, (of) => evidence.asMapped(of).length === 0);
  const terms = settleTerms(at!, judged, MAP);
  const random = new Random(seed);
  const world = new World({
    cohort,
    site: at!,
    sandbox: client,
    subject: { ...sandbox.running, ...options.hooks },
    pokes: options.hooks?.pollNow !== undefined,
    settler,
    terms,
    evidence,
    clock,
    random,
    runKey: 'k',
    outageMs: 100,
    crowdAtMost: 200,
    promises: judged.promises,
  });
  sandbox.b.begin();
  await check.act(world);
  await world.healAll();
  sandbox.b.end();
  return { ...evidence.judge(check, judged.sites), sandbox, evidence, cohort };
}

import { UsageError } from './cli/usage.ts';

interface Verb {
  usage: string;
  /** Loads the verb only when it is asked for: the others' libraries cost start-up time. */
  run: () => Promise<(args: string[]) => Promise<number>>;
}

const notYet = (verb: string, what: string): Verb => ({
  usage: `${what} (not built yet)`,
  run: async () => async () => {
    console.error(`syncproof ${verb} is not built yet: ${what}. See docs/fidelity.md for what there is.`);
    return 2;
  },
});

const VERBS: Record<string, Verb> = {
  check: { usage: 'runs the suite against a sync', run: async () => (await import('./cli/check.ts')).check },
  up: { usage: 'keeps simulators running, to connect by hand', run: async () => (await import('./cli/up.ts')).up },
  init: { usage: 'writes a manifest, a data map and a CI workflow', run: async () => (await import('./cli/init.ts')).init },
  doctor: {
    usage: 'says what is wrong with a manifest, a map or the wiring',
    run: async () => (await import('./cli/doctor.ts')).doctor,
  },
  judge: {
    usage: 'takes the verdicts of a run folder again, offline',
    run: async () => (await import('./cli/judge.ts')).judgeRun,
  },
  report: { usage: 'writes the reports of a run folder again', run: async () => (await import('./cli/judge.ts')).report },
  list: {
    usage: 'prints checks, faults, vendors, stories, mutants, capabilities',
    run: async () => (await import('./cli/list.ts')).list,
  },
  load: { usage: 'runs a k6 scenario and folds latency from the journal', run: async () => (await import('./cli/load.ts')).load },
  matrix: {
    usage: 'runs the mutants of the reference sync against the checks',
    run: async () => (await import('./cli/matrix.ts')).matrix,
  },
  docs: { usage: 'writes the reference docs from the registries', run: async () => (await import('./cli/docs.ts')).docs },
  replay: notYet('replay', 'follows recorded gate decisions'),
  compare: notYet('compare', 'says what changed between two runs'),
  baseline: notYet('baseline', 'writes known failures to a file'),
  feed: notYet('feed', "plays a hospital's day into a link"),
  race: notYet('race', 'explores schedules'),
  verify: notYet('verify', 'verifies a certificate'),
};

function help(): string {
  const lines = Object.entries(VERBS).map(([verb, { usage }]) => `  ${verb.padEnd(9)} ${usage}`);
  return `syncproof: is this EHR-to-CRM sync safe to put in front of patients?\n\n${lines.join('\n')}\n\nsyncproof <verb> --help says more.`;
}

async function main([verb, ...args]: string[]): Promise<number> {
  if (verb === undefined || verb === 'help' || verb === '--help' || verb === '-h') {
    console.log(help());
    return verb === undefined ? 2 : 0;
  }
  const found = VERBS[verb];
  if (!found) throw new UsageError(`there is no verb ${JSON.stringify(verb)}\n\n${help()}`);
  return (await found.run())(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  console.error(known ? `syncproof: ${(error as Error).message}` : error);
  process.exitCode = known ? 2 : 5;
}

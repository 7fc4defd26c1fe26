import { UsageError } from './cli/usage.ts';

interface Verb {
  usage: string;
  /** Loads the verb only when it is asked for: the others' libraries cost start-up time. */
  load: () => Promise<{ run: (args: string[]) => Promise<number>; help: string }>;
}

const notYet = (verb: string, what: string): Verb => ({
  usage: `${what} (not built yet)`,
  load: async () => ({
    help: `syncproof ${verb}: ${what}; not built yet`,
    run: async () => {
      console.error(`syncproof ${verb} is not built yet: ${what}. See docs/fidelity.md for what there is.`);
      return 2;
    },
  }),
});

const VERBS: Record<string, Verb> = {
  check: {
    usage: 'runs the suite against a sync',
    load: async () => import('./cli/check.ts').then(({ check, CHECK_USAGE }) => ({ run: check, help: CHECK_USAGE })),
  },
  up: {
    usage: 'keeps simulators running, to connect by hand',
    load: async () => import('./cli/up.ts').then(({ up, UP_USAGE }) => ({ run: up, help: UP_USAGE })),
  },
  init: {
    usage: 'writes a manifest, a data map and a CI workflow',
    load: async () => import('./cli/init.ts').then(({ init, INIT_USAGE }) => ({ run: init, help: INIT_USAGE })),
  },
  doctor: {
    usage: 'says what is wrong with a manifest, a map or the wiring',
    load: async () => import('./cli/doctor.ts').then(({ doctor, DOCTOR_USAGE }) => ({ run: doctor, help: DOCTOR_USAGE })),
  },
  judge: {
    usage: 'takes the verdicts of a run folder again, offline',
    load: async () => import('./cli/judge.ts').then(({ judgeRun, JUDGE_USAGE }) => ({ run: judgeRun, help: JUDGE_USAGE })),
  },
  report: {
    usage: 'writes the reports of a run folder again',
    load: async () => import('./cli/judge.ts').then(({ report, REPORT_USAGE }) => ({ run: report, help: REPORT_USAGE })),
  },
  list: {
    usage: 'prints checks, faults, vendors, stories, mutants, capabilities',
    load: async () => import('./cli/list.ts').then(({ list, LIST_USAGE }) => ({ run: list, help: LIST_USAGE })),
  },
  load: {
    usage: 'runs a k6 scenario and folds latency from the journal',
    load: async () => import('./cli/load.ts').then(({ load, LOAD_USAGE }) => ({ run: load, help: LOAD_USAGE })),
  },
  matrix: {
    usage: 'runs the mutants of the reference sync against the checks',
    load: async () => import('./cli/matrix.ts').then(({ matrix, MATRIX_USAGE }) => ({ run: matrix, help: MATRIX_USAGE })),
  },
  feed: {
    usage: "plays a hospital's day, or a file, into any HL7 listener",
    load: async () => import('./cli/feed.ts').then(({ feed, FEED_USAGE }) => ({ run: feed, help: FEED_USAGE })),
  },
  docs: {
    usage: 'writes the reference docs from the registries',
    load: async () => import('./cli/docs.ts').then(({ docs, DOCS_USAGE }) => ({ run: docs, help: DOCS_USAGE })),
  },
  replay: {
    usage: 'follows the recorded decisions of a schedule',
    load: async () => import('./cli/replay.ts').then(({ replay, REPLAY_USAGE }) => ({ run: replay, help: REPLAY_USAGE })),
  },
  compare: {
    usage: 'says what changed between two runs',
    load: async () => import('./cli/compare.ts').then(({ compare, COMPARE_USAGE }) => ({ run: compare, help: COMPARE_USAGE })),
  },
  baseline: {
    usage: 'writes known failures to a file, to put up with until a day',
    load: async () =>
      import('./cli/baseline.ts').then(({ baseline, BASELINE_USAGE }) => ({ run: baseline, help: BASELINE_USAGE })),
  },
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
  const found = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!found) {
    const { suggestion } = await import('./cli/arguments.ts');
    throw new UsageError(`there is no verb ${JSON.stringify(verb)}${suggestion(verb, Object.keys(VERBS))}`);
  }
  const { run, help: more } = await found.load();
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    console.log(more);
    return 0;
  }
  return run(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  console.error(known ? `syncproof: ${(error as Error).message}` : error);
  process.exitCode = known ? 2 : 5;
}

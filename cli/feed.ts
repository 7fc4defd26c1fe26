import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { batchFile, checkSettings, DIALECTS, formatTime, HL7_FAULTS, type Hl7Site, SENDERS, VERSION_NAMES } from '#hl7';
import { ControlError, KERNEL_FAULTS, Kernel, RuleError, systemClock } from '#kernel';
import { ARRIVALS, loadStories, loadStory, ScenarioError, type Story } from '#scenarios';
import { parsing, suggestion, wholeNumber } from './arguments.ts';
import { readFeedFile, replay } from './feed-file.ts';
import { playDay } from './feed-stories.ts';
import { FeedView } from './feed-view.ts';
import { UsageError } from './usage.ts';

export const FEED_USAGE = `syncproof feed --to HOST:PORT [options]   plays a hospital's day, or a file, into any HL7 listener

  Nothing else needs to run. Ends when all is told and answered; exit code 1 when anything was rejected or not delivered.
  --story NAME|FILE   a story to tell, or a YAML file with one (repeatable; all of ours)
  --count N           how many patients (10)
  --rate N            patients an hour at the busiest hour (60)          --speed N           how much faster than life (60)
  --arrivals NAME     ${ARRIVALS.map(({ name }) => name).join(', ')} (steady)
  --from HH:MM        time of the day at which it begins (06:00; 01:30 for storm)
  --dialect NAME      ${DIALECTS.map(({ name }) => name).join(', ')} (generic)
  --hl7-version V     ${VERSION_NAMES} (the dialect's)
  --zone ZONE         time zone of the clinic (America/New_York)         --seed TEXT         other people and other times

  --file FILE         replays the messages of a file instead: any line ends, MLLP frames, batches
  --scrub             replaces identity by invented values, the same one each time, before anything else happens
  --i-scrubbed-it     sends a file that looks like one of real patients
  --out FILE          writes the messages of the file there instead of sending them (with --scrub)
  --batch N           sends up to N waiting messages in one frame, as a batch (BHS, BTS); with --out writes a batch file

  --fault NAME[:PARAM=VALUE,...]  a fault of "syncproof list faults" (repeatable); times=N and where=TYPE^EVENT belong to its rule
  --sender NAME       behaves as ${SENDERS.map(({ name }) => name).join(', ')}
  --timeout MS        how long an answer may take                        --acks AL,AL        MSH-15 and MSH-16
  --charset NAME      ASCII, 8859/1 or "UNICODE UTF-8" in MSH-18 (the dialect's)   --delimiters SIGNS  MSH-1 and MSH-2, such as '|^~\\&#'
  --sequence start    counts in MSH-13 and follows MSA-4, after a start by 0; or resynchronise, by -1
  --connections N     connections at once (1)                            --pipeline N        messages in flight on each (1)
  --tls               speaks TLS; --ca FILE to verify, --cert FILE and --key FILE to show a certificate
  --patience SECONDS  gives up when nothing was answered for so long (30)`;

const OPTIONS = {
  to: { type: 'string' },
  story: { type: 'string', multiple: true },
  count: { type: 'string' },
  rate: { type: 'string' },
  speed: { type: 'string' },
  arrivals: { type: 'string' },
  from: { type: 'string' },
  dialect: { type: 'string' },
  'hl7-version': { type: 'string' },
  zone: { type: 'string' },
  seed: { type: 'string' },
  file: { type: 'string' },
  scrub: { type: 'boolean' },
  'i-scrubbed-it': { type: 'boolean' },
  out: { type: 'string' },
  batch: { type: 'string' },
  sequence: { type: 'string' },
  fault: { type: 'string', multiple: true },
  sender: { type: 'string' },
  timeout: { type: 'string' },
  acks: { type: 'string' },
  connections: { type: 'string' },
  pipeline: { type: 'string' },
  charset: { type: 'string' },
  delimiters: { type: 'string' },
  tls: { type: 'boolean' },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  patience: { type: 'string' },
} as const;

type Given = ReturnType<typeof read>;
const read = (args: string[]) => parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS })).values;

/** `syncproof feed` */
export async function feed(args: string[]): Promise<number> {
  const given = read(args);
  const messages = given.file === undefined ? undefined : readFeedFile(given.file, given);
  if (messages && given.out !== undefined) {
    const plain = Buffer.from(messages.map(({ text }) => text).join(''), 'latin1');
    const now = formatTime(systemClock.now(), 'UTC', { fraction: 0, offset: true });
    const { batch } = checked(() => settings(given));
    writeFileSync(given.out, batch === undefined ? plain : batchFile(messages, batch, now));
    console.log(`${messages.length} messages written to ${given.out}`);
    return 0;
  }
  if (given.to === undefined) throw new UsageError('say where to: --to HOST:PORT');
  const kernel = new Kernel({ seed: given.seed, faults: [...KERNEL_FAULTS, ...HL7_FAULTS] });
  const stopped = new AbortController();
  const onSignal = (): void => stopped.abort();
  process.once('SIGINT', onSignal);
  let link: Hl7Site | undefined;
  const view = new FeedView(kernel, () => link?.link());
  try {
    const play = messages
      ? await replay(kernel, messages)
      : await playDay(kernel, {
          ...given,
          stories: storiesOf(given.story),
          arrivals: chosen('arrivals', [given.arrivals ?? 'steady'], ARRIVALS)[0]!,
          dialect: chosen('dialect', [given.dialect ?? 'generic'], DIALECTS)[0]!,
          version: given['hl7-version'],
          count: wholeNumber(given.count ?? '10', '--count'),
          rate: positive(given.rate ?? '60', '--rate'),
          speed: positive(given.speed ?? '60', '--speed'),
        });
    link = play.link;
    checked(() => link!.setLink(settings(given)));
    for (const fault of given.fault ?? []) checked(() => void kernel.rules.arm(readFault(fault)));
    view.start();
    await play.tell(stopped.signal);
    return await view.end(stopped.signal, positive(given.patience ?? '30', '--patience') * 1000);
  } finally {
    process.off('SIGINT', onSignal);
    view.stop();
    await link?.stop();
    kernel.close();
  }
}

/** Stories by name, and those of the user's own files; all of ours when none is named. */
function storiesOf(given: readonly string[] | undefined): readonly Story[] {
  const ours = loadStories();
  return (given ?? ours.map(({ name }) => name)).map((name) => {
    if (!/\.ya?ml$/.test(name)) return chosen('story', [name], ours)[0]!;
    try {
      return loadStory(name);
    } catch (error) {
      return fail(`--story ${(error instanceof ScenarioError ? '' : `${name}: `) + (error as Error).message}`);
    }
  });
}

function chosen<T extends { name: string }>(
  option: string,
  names: readonly string[] | undefined,
  all: readonly T[],
): readonly T[] {
  if (!names) return all;
  return names.map((name) => {
    const known = all.map((each) => each.name);
    return (
      all.find((each) => each.name === name) ??
      fail(`--${option}: there is none called ${JSON.stringify(name)}${suggestion(name, known)}`)
    );
  });
}

function fail(message: string): never {
  throw new UsageError(message);
}

/** What the simulator refuses is a mistake of the command line. */
function checked<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ControlError || error instanceof RuleError) throw new UsageError(error.message);
    throw error;
  }
}

function positive(text: string, option: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new UsageError(`${option} takes a number above 0, not ${JSON.stringify(text)}`);
  return number;
}

function settings(given: Given): Parameters<Hl7Site['setLink']>[0] {
  const file = (option: 'ca' | 'cert' | 'key'): string | undefined => {
    const path = given[option];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      return fail(`--${option} ${path}: ${(error as Error).message}`);
    }
  };
  const [accept, application] = given.acks?.split(',') ?? [];
  const all = {
    target: given.to,
    sender: given.sender,
    tls: given.tls,
    ca: file('ca'),
    cert: file('cert'),
    key: file('key'),
    ackTimeoutMs: given.timeout && positive(given.timeout, '--timeout'),
    connections: given.connections && wholeNumber(given.connections, '--connections'),
    pipeline: given.pipeline && wholeNumber(given.pipeline, '--pipeline'),
    batch: given.batch && wholeNumber(given.batch, '--batch'),
    sequence: given.sequence,
    charset: given.charset,
    delimiters: given.delimiters,
    acknowledgements: given.acks && { accept, application },
  };
  return checkSettings(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
}

/** `late-copy`, `split-frame:size=3,pauseMs=5,times=1,where=ADT^A08`. */
function readFault(text: string): Parameters<Kernel['rules']['arm']>[0] {
  const [name = '', ...rest] = text.split(':');
  const pairs = rest
    .join(':')
    .split(/,(?=[A-Za-z]+=)/)
    .filter(Boolean)
    .map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`--fault ${text}: write parameters as name=value, with commas between`);
      return [pair.slice(0, at), pair.slice(at + 1)] as const;
    });
  const known = [...KERNEL_FAULTS, ...HL7_FAULTS].find((fault) => fault.name === name);
  const typed = (key: string, value: string): unknown => {
    const type = known?.params[key]?.type;
    return type === 'number' ? Number(value) : type === 'boolean' ? value === 'true' : value;
  };
  const own = pairs.filter(([key]) => key !== 'times' && key !== 'where');
  const of = (key: string): string | undefined => pairs.find(([each]) => each === key)?.[1];
  const [times, where] = [of('times'), of('where')];
  return {
    fault: name,
    params: Object.fromEntries(own.map(([key, value]) => [key, typed(key, value)])),
    ...(times ? { times: wholeNumber(times, '--fault times') } : {}),
    ...(where ? { where: { operation: where } } : {}),
  };
}

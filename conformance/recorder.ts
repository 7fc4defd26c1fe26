import type { Clock, JournalEvent } from '#simulators';
import { Evidence } from './facts/evidence.ts';
import { Facts } from './facts/facts.ts';
import { LoadTally } from './load/load-tally.ts';
import type { Manifest } from './manifest/manifest.ts';
import { readChannels } from './manifest/read-channels.ts';
import { type DataMap, textOfMap } from './map/map.ts';
import type { JournalFile, RunFolder } from './run-folder.ts';
import { AUDIT_FILE, AuditKeeper } from './subject/audit-keeper.ts';
import type { Look } from './subject/audit-trail.ts';
import { type SandboxClient, SandboxLost } from './world/sandbox-client.ts';

/** How long a subject may take from its start until it reads a feed (ms). */
const FEED_MS = 10_000;
/** How often its audit trail is looked at (ms). */
const AUDIT_EVERY_MS = 3_000;

/** The subject, as far as a run needs it. */
export interface RunningSubject {
  /** Kills it at once, as a crash would; absent where nobody but its owner may. */
  kill?(): Promise<void>;
  /** Starts it again after a kill, and waits until it is ready. */
  revive?(): Promise<void>;
  /** How many run side by side; one when absent. */
  instances?: number;
  /** Its processes, where they run here. */
  pids?(): number[];
  /** Kills the first of several, as a crash of its machine would, and has hospitals call the next. */
  killFirst?(): Promise<void>;
  reviveFirst?(): Promise<void>;
  /** Stops and starts one instance after the other, as an update of it does. */
  restartOneByOne?(): Promise<void>;
  /** Looks at its audit trail; absent where the manifest names none. */
  readAudit?(): Promise<Look>;
  /** How many items its `failed` hook counts; absent where the manifest has no such hook. */
  failed?(): Promise<number>;
  /** The same of its `pending` hook: items that are still to be dealt with. */
  pending?(): Promise<number>;
  /** Has it poll at once, or reconcile at once; absent where the manifest has no such hook. @throws when it did not succeed */
  pollNow?(): Promise<void>;
  reconcileNow?(): Promise<void>;
  /** Stops it, gives it the credentials that the sandbox takes by now, and starts it again: a change of configuration, no more. */
  reconfigure?(): Promise<void>;
  /** Ends it; says how it ended, and whether it had to be killed. */
  stop(): Promise<{ how: string; forced: boolean }>;
}

export interface RecordOptions {
  folder: RunFolder;
  sandbox: SandboxClient;
  manifest: Manifest;
  map: DataMap;
  seed: string;
  runKey: string;
  clock: Clock;
  /** Starts the subject and waits until it is ready; called when the journal is being written already. */
  startSubject: (log: (what: string, data: Record<string, unknown>) => void) => Promise<RunningSubject>;
  /** What the first event says beside manifest, map and seed. */
  header: Record<string, unknown>;
  say?: (text: string) => void;
  /** So many milliseconds (none when absent) the judge can wait for what happened: under load, much is heard at once then. */
  pace?: number;
  /** Ends the run early, keeping the evidence. */
  signal?: AbortSignal;
}

/**
 * Starts the subject and lets `act` run against it, writing every journal into the run folder from before its start until
 * after its end. @throws when sandbox or subject cannot be brought up; the folder then holds what was seen.
 */
export async function record(
  options: RecordOptions,
  act: (recorder: Recorder, subject: RunningSubject) => Promise<void>,
): Promise<void> {
  const { folder, sandbox, clock, say } = options;
  const recorder = new Recorder(options);
  const listening = new AbortController();
  const following = sandbox.follow(
    (event, text) => recorder.hear(event, text),
    listening.signal,
    (ms) => clock.sleep(ms, listening.signal),
    options.pace,
  );
  let status = 'interrupted';
  let subject: RunningSubject | undefined;
  try {
    // What a run that was killed left armed would be taken for this subject's doing.
    await sandbox.healAll();
    await sandbox.note([{ sim: 'judge', kind: 'run', data: beginning(options) }]);
    await recorder.caughtUp(sandbox);
    say?.('starting the subject');
    subject = await options.startSubject(teller(sandbox));
    if (subject.readAudit) recorder.keepAudit(() => subject!.readAudit!(), options, listening.signal);
    await recorder.subscribed(FEED_MS);
    await sandbox.note([{ sim: 'judge', kind: 'subject', data: { what: 'ready' } }]);
    await act(recorder, subject);
    status = options.signal?.aborted ? 'interrupted' : 'finished';
  } finally {
    say?.('stopping the subject');
    await sandbox.healAll().catch(() => {});
    await recorder.closeAudit();
    const ended = await subject
      ?.stop()
      .catch((error: Error) => ({ how: `could not be stopped: ${error.message}`, forced: true }));
    folder.cleanOutput(AUDIT_FILE);
    const output = folder.hashOf('subject.log');
    const outputs = folder.outputHashes();
    const audit = folder.hashOf(AUDIT_FILE);
    await recorder.caughtUp(sandbox).catch(() => {});
    const heard = recorder.heard;
    await sandbox
      .note([{ sim: 'judge', kind: 'run', data: { type: 'end', status, subjectEnded: ended, output, outputs, audit, heard } }])
      .catch(() => {});
    await recorder.caughtUp(sandbox).catch(() => {});
    listening.abort();
    await following.catch(() => {});
    recorder.close();
  }
}

/** Notes what becomes of the subject; a sandbox that is gone hears nothing of it. */
const teller =
  (sandbox: SandboxClient) =>
  (what: string, data: Record<string, unknown>): void =>
    void sandbox.note([{ sim: 'judge', kind: 'subject', data: { what, ...data } }]).catch(() => {});

function beginning({ folder, manifest, map, seed, runKey, sandbox, header }: RecordOptions): Record<string, unknown> {
  const { subject, sites, crm, promises, clients, attests, capabilities, hooks } = manifest;
  const start = { restart: manifest.start.restart, attach: manifest.start.attach, heard: isHeard(manifest) };
  return {
    type: 'begin',
    id: folder.id,
    seed,
    runKey,
    manifest: folder.keep(
      JSON.stringify({ subject, start, sites, crm, promises, clients, attests, capabilities, hooks: namesOf(hooks) }, null, 1),
    ),
    map: folder.keep(textOfMap(map)),
    population: folder.keep(JSON.stringify({ seed: sandbox.seed, runKey: sandbox.runKey, seeded: 0 }, null, 1)),
    ...header,
  };
}

// Which checks apply hangs on what there is, not on where it is, which may hold a secret.
const namesOf = (hooks: object): Record<string, true> => Object.fromEntries(Object.keys(hooks ?? {}).map((name) => [name, true]));

/** What was seen could not be written down: the disk is full, or the folder is gone. What was written until then stands. */
export class EvidenceUnwritten extends Error {
  /** What was heard all the same: it is in memory only. */
  readonly seen: Heard;
  constructor(folder: string, cause: Error, seen: Heard) {
    super(`${folder} takes no more of the journal (${cause.message}); what it holds is the run until then`, { cause });
    this.seen = seen;
  }
}

/** A run as far as it was heard. */
export interface Heard {
  facts: Facts;
  load: LoadTally;
  manifest: Manifest;
  map: DataMap;
}

/** Whether what the subject prints comes to us: it was started here, or says where it is. */
const isHeard = ({ start, hooks }: Pick<Manifest, 'start' | 'hooks'>): boolean => !start.attach || hooks.logs !== undefined;

/** Hears the journals, folds them live and writes them down. */
export class Recorder {
  readonly facts = new Facts();
  /** Of a load run. */
  readonly load = new LoadTally();
  #isLoad: boolean;
  readonly evidence: Evidence;
  readonly #feeds: string[];
  #folder: RunFolder;
  #manifest: Manifest;
  #map: DataMap;
  #clock: Clock;
  #audit?: AuditKeeper;
  #files = new Map<string, JournalFile>();
  #heard = new Map<string, number>();
  /** When the first event of each journal was written, by which it is known. */
  #born = new Map<string, number>();
  /** Called once, when the evidence cannot be written down. */
  onBroken?: () => void;
  #broken?: Error;

  constructor({ folder, clock, map, manifest, header }: Pick<RecordOptions, 'folder' | 'clock' | 'map' | 'manifest' | 'header'>) {
    this.#isLoad = header.load !== undefined;
    this.#folder = folder;
    this.#manifest = manifest;
    this.#map = map;
    this.#clock = clock;
    this.evidence = new Evidence(this.facts, map, manifest);
    const fed = manifest.sites.filter((site) => readChannels(site).includes('changed'));
    this.#feeds = fed.map(({ name }) => `${name}/changed`);
    if (isHeard(manifest)) this.evidence.output = () => folder.output() ?? [];
  }

  /** @param text the event as JSON */
  hear(event: JournalEvent, text = JSON.stringify(event)): void {
    this.#folder.secrets?.hear(event);
    const file = this.#files.get(event.process) ?? this.#folder.journal(event.process);
    this.#files.set(event.process, file);
    this.#heard.set(event.process, event.seq);
    if (event.seq === 1) this.#born.set(event.process, event.at);
    this.#write(() => file.add(event, text));
    this.facts.ingest(event);
    if (this.#isLoad) this.load.ingest(event);
  }

  #unwritten(cause: Error): EvidenceUnwritten {
    const { facts, load } = this;
    return new EvidenceUnwritten(this.#folder.path, cause, { facts, load, manifest: this.#manifest, map: this.#map });
  }

  // Who hears an event can do nothing about a full disk: it is told to those who wait for the journal.
  #write(write: () => void): void {
    if (this.#broken) return;
    try {
      write();
    } catch (error) {
      this.#broken = error as Error;
      this.onBroken?.();
    }
  }

  /**
   * Waits until the subject has read a feed at each site where it reads by feeds, for so many ms at most: they tell nobody of what
   * was before the subscription, so that nothing that is done earlier could be asked of it.
   */
  async subscribed(ms: number): Promise<void> {
    const until = this.#clock.now() + ms;
    while (this.#feeds.some((channel) => !this.facts.reads(channel)) && this.#clock.now() < until) await this.#clock.sleep(20);
  }

  /** From here on the subject's audit trail is copied into the run folder, every few seconds. */
  keepAudit(
    look: () => Promise<Look>,
    { folder, sandbox }: Pick<RecordOptions, 'folder' | 'sandbox'>,
    signal: AbortSignal,
  ): void {
    const begunAt = Date.parse(this.facts.first?.wall ?? '');
    const keeper = new AuditKeeper({ folder, begunAt, look, tell: teller(sandbox) });
    this.#audit = keeper;
    this.evidence.audit = () => folder.lines(AUDIT_FILE) ?? [];
    void (async () => {
      while (!signal.aborted) {
        await keeper.look();
        await this.#clock.sleep(AUDIT_EVERY_MS, signal).catch(() => {});
      }
    })();
  }

  /** Looks at the subject's audit trail for the last time. */
  async closeAudit(): Promise<void> {
    await this.#audit?.close();
  }

  /** Looks at it now, where there is one. */
  async lookAtAudit(): Promise<void> {
    await this.#audit?.look();
  }

  /** The newest event of each process, by its sequence number. */
  get heard(): Record<string, number> {
    return Object.fromEntries(this.#heard);
  }

  /**
   * Waits until everything that was written so far has been heard, for five seconds at most.
   * @throws SandboxLost when a process came back with another journal than the one that was being heard.
   * @throws EvidenceUnwritten when the run folder takes no more.
   */
  async caughtUp(sandbox: SandboxClient): Promise<void> {
    if (this.#broken) throw this.#unwritten(this.#broken);
    const heads = await Promise.all(
      sandbox.processes.map(async (client) => ({ ...(await client.parts()), ...(await client.events(0, 1)) })),
    );
    for (const { process, events } of heads)
      if (events[0]?.at !== (this.#born.get(process) ?? events[0]?.at))
        throw new SandboxLost(`the process ${process} was started again without its state; with --data it keeps it`);
    const until = this.#clock.now() + 5_000;
    while (heads.some(({ process, head }) => (this.#heard.get(process) ?? 0) < head) && this.#clock.now() < until)
      await this.#clock.sleep(20);
  }

  close(): void {
    for (const file of this.#files.values()) this.#write(() => file.flush());
    if (this.#broken) throw this.#unwritten(this.#broken);
  }
}

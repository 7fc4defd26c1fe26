import {
  type Cell,
  digest,
  type Exchange,
  type Identity,
  type Kernel,
  Rejected,
  type Reply,
  Severed,
  type TcpConnection,
  TcpFace,
} from '#kernel';
import type { AckDesk } from './ack-desk.ts';
import { checkEnvelope } from './inbound/envelope.ts';
import { FILERS } from './inbound/index.ts';
import type { Intake } from './inbound/intake.ts';
import { buildAck, Refusal } from './message/ack.ts';
import { buildBatch, isBatch, readBatch } from './message/batch.ts';
import { decodeText, encodeText } from './message/charset.ts';
import { type Message, NotHl7, parseMessage, rawField, value } from './message/parse.ts';
import { formatTime } from './message/time.ts';
import { COMMIT_ACK, commitOf, MllpDecoder, mllpFrame } from './mllp.ts';
import type { People } from './people.ts';
import { isKind, peopleIn } from './people-in.ts';
import type { LinkSettings } from './settings.ts';
import type { SiteFacts } from './site.ts';
import { SiteAway, type SitePort } from './site-port.ts';

/** A message that was answered positively before. */
interface Seen {
  /** Of all segments after MSH: a sender that uses a control id twice for different messages must not lose the second. */
  digest: string;
  n: number;
}

const TAKEN = Object.keys(FILERS);

// How many control ids are remembered, at least.
const REMEMBERED = 10_000;

/** The hospital's listener: takes updates of persons over MLLP, files them, and answers. */
export class LinkIn {
  readonly face: TcpFace;
  #kernel: Kernel;
  #facts: SiteFacts;
  #port: SitePort;
  #intake: Intake;
  #seen: Cell<Seen>;
  #desk: AckDesk;
  #release: () => 1 | 2;
  #turn: Promise<unknown> = Promise.resolve();
  /** What each sender was answered last, while rules are armed. */
  #answered = new Map<string, Reply>();

  constructor(kernel: Kernel, facts: SiteFacts, port: SitePort, people: People, link: { desk: AckDesk; settings: LinkSettings }) {
    this.#desk = link.desk;
    this.#release = () => link.settings.release ?? 1;
    this.#kernel = kernel;
    this.#facts = facts;
    this.#port = port;
    this.#intake = { facts, port, people, placers: kernel.cell<string>(`hl7.${facts.site}.placers`) };
    this.#seen = kernel.cell<Seen>(`hl7.${facts.site}.seen`);
    this.face = new TcpFace(kernel, {
      sim: 'hl7',
      tenant: facts.site,
      name: `${facts.site} HL7`,
      kind: 'HL7 in',
      operations: () => ['connect', 'unknown', ...TAKEN],
      knows: (operation, type) => ['connect', 'unknown'].includes(operation ?? '') || isKind(TAKEN, operation, type),
      people: ({ text }) => peopleIn(text, facts.authority),
      decoder: () => new MllpDecoder(),
      onFrame: (frame, connection) => this.#receive(frame, connection),
    });
  }

  listen(options: { host: string; port: number; identity?: Identity }): Promise<void> {
    return this.face.listen(options);
  }

  // In release 2 the block is kept (it is in the journal) before it is answered; who answers our blocks is not answered.
  async #receive(frame: Buffer, connection: TcpConnection): Promise<Buffer | undefined> {
    const two = this.#release() === 2;
    if (two && commitOf(frame) !== undefined) return undefined;
    const answers = await (isBatch(frame) ? this.#takeBatch(frame, connection) : this.#take(frame, connection));
    const commit = two ? [Buffer.from([COMMIT_ACK])] : [];
    const framed = [...commit, ...answers].map(mllpFrame);
    return framed.length > 0 ? Buffer.concat(framed) : undefined;
  }

  // Each message of a batch is taken on its own; the answers come back as a batch, which says where a count is wrong.
  async #takeBatch(frame: Buffer, connection: TcpConnection): Promise<Buffer[]> {
    const { header, control, messages, miscounts } = readBatch(frame);
    const answers: Buffer[] = [];
    for (const message of messages) answers.push(...(await this.#take(message, connection, control)));
    // A batch of acknowledgements is answered by nothing.
    if (answers.length === 0 && messages.length > 0) return [];
    const { site, timeZone, dialect } = this.#facts;
    const [, field = '|', signs = '^~\\&', ...from] = header;
    const parties = [from[2], from[3], from[0], from[1]].map((each) => each ?? '');
    const own = String(this.#kernel.count(`hl7.${site}.acks`));
    const time = formatTime(this.#kernel.clock.now(), timeZone, dialect.stamp);
    const comment = miscounts.map(({ problem }) => problem).join('; ');
    return [buildBatch(answers, { delimiters: field + signs, parties, time, control: own, answers: control, comment })];
  }

  // The answers to write: mostly one.
  async #take(frame: Buffer, connection: TcpConnection, batch?: string): Promise<Buffer[]> {
    const text = decodeText(frame);
    let message: Message | undefined;
    try {
      message = parseMessage(text);
    } catch (error) {
      if (!(error instanceof NotHl7)) throw error;
    }
    const sender = message ? value(message, 'MSH', 3) : '';
    const control = message ? rawField(message, 'MSH', 10) : '';
    const type = message ? `${value(message, 'MSH', 9)}^${value(message, 'MSH', 9, 2)}` : undefined;
    const actor = `link:${sender}`;
    const data = { direction: 'in', control, type, text, peer: connection.peer, batch, ...(message ? {} : { garbled: true }) };
    const { site: tenant } = this.#facts;
    const { seq } = this.#kernel.journal.append({ sim: 'hl7', tenant, kind: 'message', actor, data });
    // An acknowledgement is never acknowledged, and an empty frame asks for nothing: both would go on for ever.
    if (text.trim() === '') return [];
    if (message && value(message, 'MSH', 9) === 'ACK') {
      this.#desk.deliver(frame);
      return [];
    }
    const names = () => (message ? [value(message, 'PID', 3)].filter(Boolean) : []);
    const exchange = this.#exchange({ id: seq, operation: type ?? 'unknown', client: actor, text, names }, connection);
    const run = this.#turn.then(() => this.#answer(exchange, message, control));
    // One after the other over all connections: two updates of a record must not read the same version.
    this.#turn = run.catch(() => {});
    const answer = await run;
    connection.delivery = exchange.reply?.delivery;
    return answer;
  }

  async #answer(exchange: Exchange, message: Message | undefined, control: string): Promise<Buffer[]> {
    const { rules, clock, journal } = this.#kernel;
    const { site, timeZone, dialect, charset } = this.#facts;
    const started = clock.micros();
    let filed: Filed = {};
    let refusal: Refusal | undefined;
    let severed: string | undefined;
    try {
      await rules.fire('request', exchange);
      if (!message) throw new Refusal('AR', 100, 'MSH^1', 'this is not an HL7 message');
      filed = await this.#file(message, exchange);
    } catch (error) {
      const cause = error instanceof SiteAway ? hungUp(exchange) : error;
      if (cause instanceof Severed) severed = cause.how;
      else refusal = this.#refusal(cause, exchange);
    }
    const own = String(this.#kernel.count(`hl7.${site}.acks`));
    const time = formatTime(clock.now(), timeZone, dialect.stamp);
    const answer = (): Reply => {
      const text = buildAck({ message, control: own, time, refusal });
      return { status: refusal ? 400 : 200, body: encodeText(text, charset).bytes };
    };
    const whole = answer();
    exchange.reply = whole;
    try {
      if (severed === undefined) await rules.fire('reply', exchange);
      if (severed === undefined) await rules.fire('body', exchange);
    } catch (error) {
      if (error instanceof Severed) severed = error.how;
      else {
        refusal = this.#refusal(error, exchange);
        exchange.reply = answer();
      }
    }
    if (rules.any) this.#answered.set(exchange.client!, whole);
    const sent = exchange.reply.body as Buffer;
    const text = decodeText(sent);
    const code = refusal?.ack ?? 'AA';
    const outcome = severed ? 'closed' : code === 'AA' ? 'positive' : code === 'AE' ? 'error' : 'reject';
    const reason = refusal && `${refusal.code} ${refusal.location} ${refusal.message}`;
    const data = { direction: 'in', control, code, outcome, reason, ...filed, text, micros: clock.micros() - started, severed };
    const records = exchange.records.length > 0 ? [...exchange.records] : undefined;
    journal.append({ sim: 'hl7', tenant: site, kind: 'ack', actor: exchange.client, cause: exchange.id, records, data });
    if (severed) throw new Severed(severed as Severed['how']);
    return Array.from({ length: exchange.reply.copies ?? 1 }, () => sent);
  }

  // Faults and defects of ours answer as an application error; only the journal tells them apart.
  #refusal(error: unknown, exchange: Exchange): Refusal {
    if (error instanceof Refusal) return error;
    // What a rule calls invalid is a matter of the content, which the same message will not better.
    if (error instanceof Rejected && error.error === 'invalid') return new Refusal('AE', 103, '', 'a value is not taken here');
    if (error instanceof Rejected) return new Refusal('AE', 207, '', `the application is ${error.error}`);
    this.#kernel.report(error, { sim: 'hl7', tenant: this.#facts.site, cause: exchange.id });
    return new Refusal('AE', 207, '', 'the application failed');
  }

  async #file(message: Message, exchange: Exchange): Promise<Filed> {
    checkEnvelope(message, this.#facts.processingId);
    const key = [3, 4, 10].map((n) => rawField(message, 'MSH', n)).join('|');
    const body = digest(...message.segments.slice(1).map(({ fields }) => fields.join(message.delimiters.field)));
    if (this.#seen.get(key)?.digest === body) return { repeated: true };
    const filer = FILERS[`${value(message, 'MSH', 9)}^${value(message, 'MSH', 9, 2)}`]!;
    const filing = await filer(message, this.#intake);
    if (!filing) {
      this.#remember(key, body);
      return { unchanged: true };
    }
    const { rules } = this.#kernel;
    await rules.fire('before-commit', exchange);
    const { act, cohort, changes, after } = filing;
    const { records, resources, seq } = await this.#port.commit({
      act,
      actor: exchange.client!,
      cohort,
      cause: exchange.id,
      changes,
    });
    after?.(resources);
    this.#remember(key, body);
    exchange.records.push(...records);
    exchange.committed = true;
    await rules.fire('after-commit', exchange);
    return { commit: seq };
  }

  #remember(key: string, digest: string): void {
    const n = this.#kernel.count(`hl7.${this.#facts.site}.seen`);
    this.#seen.set(key, { digest, n });
    if (this.#seen.size <= 2 * REMEMBERED) return;
    for (const [old, seen] of [...this.#seen.entries()]) if (seen.n <= n - REMEMBERED) this.#seen.delete(old);
  }

  #previous(client: string): Exchange['previous'] {
    const reply = this.#answered.get(client);
    return reply && { reply };
  }

  #exchange(
    about: { id: number; operation: string; client: string; text: string; names: () => string[] },
    { wire }: TcpConnection,
  ): Exchange {
    return {
      ...about,
      sim: 'hl7',
      tenant: this.#facts.site,
      type: about.operation.split('^')[0],
      path: '/in',
      records: [],
      committed: false,
      previous: this.#previous(about.client),
      wire,
      reject: (error, params) => {
        throw new Rejected(error, params);
      },
    };
  }
}

// Where nobody knows whether a message was filed there is no answer to give: its sender comes again.
function hungUp({ wire }: Exchange): unknown {
  try {
    return wire.close();
  } catch (severed) {
    return severed;
  }
}

/** What filing a message came to: a commit, nothing new, or a message seen before. */
interface Filed {
  commit?: number;
  unchanged?: boolean;
  repeated?: boolean;
}

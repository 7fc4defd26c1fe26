import { type Exchange, type Hook, type Kernel, type Outgoing, Rejected } from '#kernel';
import type { AckDesk } from './ack-desk.ts';
import { Line, writeOut } from './line.ts';
import type { AckDetail, Delivery, LinkLog } from './link-log.ts';
import { type AckOutcome, readAck } from './message/ack.ts';
import { buildBatch, partiesOf, readBatchAnswer } from './message/batch.ts';
import { decodeText, encodeText } from './message/charset.ts';
import { formatTime } from './message/time.ts';
import { COMMIT_ACK, COMMIT_NAK, commitOf, MLLP_END, MLLP_START, mllpFrame } from './mllp.ts';
import type { Queued } from './outbox.ts';
import type { Mailbox, Peer } from './peer.ts';
import { type Action, senderOf } from './senders.ts';
import { told } from './sequence.ts';
import type { LinkSettings } from './settings.ts';
import { conditionsOf, type SiteFacts } from './site.ts';

// Answers to other messages, and bytes that answer nothing, that are listened to before the connection is given up.
const MOST_NOISE = 50;

/** Unwinds what is under way when the link is stopped. */
export class Stopped extends Error {}

/** One message of an attempt: as faults left it, which delivery it is, and what to do in the transaction that ends it. */
export interface Parcel {
  entry: Queued;
  outgoing: Outgoing;
  /** What it was before any fault. */
  built: Buffer;
  delivery: Delivery;
  /** MSH-13 as it goes out, where the link numbers what it sends. */
  sequence?: number;
  onDone: (action: 'done' | 'skip') => void;
}

/** What came of one parcel. */
export interface Result {
  outcome: AckOutcome;
  action: Action;
  /** MSA-4. */
  expected?: number;
  /** What that says beyond the acknowledgement. */
  told?: ReturnType<typeof told>;
}

/** A parcel under way. */
interface Sending extends Parcel {
  /** The attempt as rules see it. */
  exchange: () => Exchange;
  /** Sequence number of the event that an outcome follows from. */
  cause: number;
  result?: Result;
  settle: (outcome: AckOutcome, detail: AckDetail) => Result;
}

/** Carries messages over one connection of a link, and brings back what came of each. */
export class Courier {
  #kernel: Kernel;
  #facts: SiteFacts;
  #log: LinkLog;
  #settings: () => LinkSettings;
  #ended: AbortSignal;
  #desk: AckDesk;
  #line: Line;
  /** The answer that came before, while rules are armed. */
  #heard?: Buffer;
  /** What it is doing. */
  state: 'connecting' | 'sending' = 'connecting';

  constructor(kernel: Kernel, facts: SiteFacts, log: LinkLog, settings: () => LinkSettings, ended: AbortSignal, desk: AckDesk) {
    this.#kernel = kernel;
    this.#facts = facts;
    this.#log = log;
    this.#settings = settings;
    this.#ended = ended;
    this.#desk = desk;
    this.#line = new Line(kernel, log, settings, ended);
  }

  /** The message as the queue keeps it, for faults to work on. */
  pack(entry: Queued): Outgoing {
    const { base64, frame } = entry.given ?? {};
    const bytes =
      base64 === undefined ? encodeText(entry.text, entry.charset ?? this.#facts.charset).bytes : Buffer.from(base64, 'base64');
    const part = (given: string | undefined, usual: Buffer): Buffer =>
      given === undefined ? usual : Buffer.from(given, 'base64');
    const around = { start: part(frame?.start, MLLP_START), end: part(frame?.end, MLLP_END) };
    return { bytes, frame: around, copies: 1, holdForNext: false };
  }

  /** Lets the faults at hook `message` act. @returns false when one of them severed the connection. */
  async introduce(entry: Queued, outgoing: Outgoing): Promise<boolean> {
    try {
      await this.#fire('message', () => this.#exchange(entry, outgoing));
      return true;
    } catch (error) {
      this.#severed(error);
      return false;
    }
  }

  /** One attempt at these messages, written at once, to its end. Each is settled on its own. @param batch all in one frame. */
  async attempt(parcels: readonly Parcel[], batch = false): Promise<Result[]> {
    const sendings = parcels.map((parcel) => this.#sending(parcel));
    const { outgoing } = sendings[0]!;
    let connected = false;
    let forget = (): void => {};
    try {
      if (outgoing.beside) forget = await this.#line.beside(outgoing.beside);
      if (outgoing.newConnection) this.#line.leave();
      this.state = this.#line.connected ? 'sending' : 'connecting';
      const peer = await this.#line.open(() => this.#fire('connect', () => this.#exchange()));
      this.check();
      connected = true;
      this.state = 'sending';
      if (this.#kernel.rules.any) for (const { exchange } of sendings) await this.#fire('frame', exchange);
      if (!peer.open) throw new Error('closed before the message was written');
      for (const late of peer.unasked()) this.#log.unasked(late);
      return await (batch ? this.#batched(peer, sendings) : this.#exchanged(peer, sendings));
    } catch (error) {
      const reason = this.#severed(error);
      return sendings.map((each) => each.result ?? each.settle(connected ? 'closed' : 'refused', { reason }));
    } finally {
      forget();
      const { keepOpen = senderOf(this.#settings().sender).keepOpen } = this.#settings();
      if (!keepOpen) this.#line.rest();
    }
  }

  /** Opens the connection, if that can be. */
  async ready(): Promise<void> {
    await this.#line.open(() => this.#fire('connect', () => this.#exchange())).catch((error: unknown) => this.#severed(error));
  }

  disconnect(): void {
    this.#line.disconnect();
  }

  end(): void {
    this.#line.end();
  }

  /** @throws Stopped once the link has ended. */
  check(): void {
    if (this.#ended.aborted) throw new Stopped();
  }

  #sending(parcel: Parcel): Sending {
    const { clock, database } = this.#kernel;
    const { entry, outgoing, delivery, sequence, onDone } = parcel;
    const started = clock.micros();
    let exchange: Exchange | undefined;
    const sending: Sending = {
      ...parcel,
      exchange: () => {
        exchange ??= this.#exchange(entry, outgoing);
        return exchange;
      },
      cause: entry.seq,
      settle: (outcome, detail) => {
        const { on, sender } = this.#settings();
        // Of an answer to another message the number says nothing either.
        const expected = outcome === 'stale' ? undefined : detail.expected;
        const more = told(sequence, expected, delivery.attempt > 1);
        const usual = on?.[outcome] ?? senderOf(sender).on[outcome];
        // A number out of line says nothing of the message; one that the receiver had before has been delivered.
        const refused = outcome === 'error' || outcome === 'reject';
        const action = more === 'gap' ? 'retry' : more === 'had' && refused ? 'done' : usual;
        const micros = clock.micros() - started;
        database.transaction(() => {
          this.#log.ack(entry, delivery, sending.cause, outcome, { ...detail, micros });
          if (action === 'done' || action === 'skip') onDone(action);
        });
        sending.result = { outcome, action, expected, told: more };
        return sending.result;
      },
    };
    return sending;
  }

  async #exchanged(peer: Peer, sendings: readonly Sending[]): Promise<Result[]> {
    const [first] = sendings;
    const boxes = sendings.map(({ entry, outgoing }) => peer.expect(this.#answers(entry, outgoing)));
    try {
      const pieces = sendings.flatMap((sending) => {
        const { bytes, frame } = sending.outgoing;
        this.#tell(sending);
        return [frame.start, bytes, frame.end];
      });
      const written = writeOut(this.#kernel, peer, Buffer.concat(pieces), first!.outgoing);
      // The time for the answer runs from the last piece; a peer that does not take the pieces gets no more of it than that.
      if (first!.outgoing.cuts) await this.#within(this.#writing(first!.outgoing), written);
      return await Promise.all(sendings.map((sending, at) => this.#answer(sending, peer, boxes[at]!.box)));
    } finally {
      for (const { done } of boxes) done();
    }
  }

  // Into the journal, before the bytes go out.
  #tell(sending: Sending): void {
    const { entry, outgoing, delivery, built } = sending;
    const { bytes, intact } = outgoing;
    // A fault puts other bytes in their place; it never changes them where they are.
    const same = bytes === built || bytes.equals(built);
    if (!intact && !same) delivery.damaged = true;
    const plain = same && !entry.given && entry.charset === 'UNICODE UTF-8' && sending.sequence === undefined;
    sending.cause = this.#log.message(entry, delivery, plain ? entry.text : decodeText(bytes));
  }

  // As one batch in one frame. What the first of them says of frame and pieces holds for all.
  async #batched(peer: Peer, sendings: readonly Sending[]): Promise<Result[]> {
    const { outgoing, entry, delivery } = sendings[0]!;
    // Another one each time: an answer to the attempt before must not be taken for that to this one.
    const control = `B${entry.control}${delivery.attempt > 1 ? `.${delivery.attempt}` : ''}`;
    const { box, done } = peer.expect(control);
    try {
      for (const sending of sendings) {
        sending.delivery.batch = control;
        this.#tell(sending);
      }
      const time = formatTime(this.#kernel.clock.now(), this.#facts.timeZone, this.#facts.dialect.stamp);
      const messages = sendings.map((each) => each.outgoing.bytes);
      const payload = buildBatch(messages, { ...partiesOf(outgoing.bytes), time, control });
      const { start, end } = outgoing.frame;
      const written = writeOut(this.#kernel, peer, Buffer.concat([start, payload, end]), outgoing);
      if (outgoing.cuts) await this.#within(this.#writing(outgoing), written);
      await this.#hearBatch(sendings, peer, box, control);
      return sendings.map(({ result }) => result!);
    } finally {
      done();
    }
  }

  // Until each message of the batch has its answer, by whichever way the receiver answers batches.
  async #hearBatch(sendings: readonly Sending[], peer: Peer, box: Mailbox, control: string): Promise<void> {
    const { clock } = this.#kernel;
    const { outgoing, exchange } = sendings[0]!;
    const limit = this.#limit(outgoing);
    const deadline = clock.now() + limit;
    const waiting = new Map(sendings.map((each) => [each, this.#answers(each.entry, each.outgoing)]));
    // What an engine may send again, or wait on for, does not end it.
    const settle = (sending: Sending, outcome: AckOutcome, detail: AckDetail): void => {
      const { action } = sending.settle(outcome, detail);
      if (action !== 'retry' || outcome === 'error' || outcome === 'reject') waiting.delete(sending);
    };
    const all = (outcome: AckOutcome, detail: AckDetail): void => {
      for (const sending of [...waiting.keys()]) settle(sending, outcome, detail);
    };
    for (let noise = 0; waiting.size > 0; noise++) {
      const heard = noise < MOST_NOISE + sendings.length ? await box.hear(deadline - clock.now()) : 'timeout';
      this.check();
      if (heard === 'closed' || heard === 'timeout') {
        if (heard === 'timeout' && !outgoing.patient && peer.open) peer.socket.destroy();
        const reason =
          heard === 'closed' ? 'the receiver closed the connection before it answered' : `no answer within ${limit} ms`;
        for (const sending of waiting.keys())
          if (!sending.result) sending.settle(heard === 'closed' ? 'closed' : 'silent', { reason });
        return;
      }
      if ('junk' in heard) {
        all('garbled', { reason: 'bytes outside any frame', text: decodeText(heard.junk) });
        continue;
      }
      const answer = this.#kernel.rules.any ? await this.#faulted(heard.frame, exchange()) : heard.frame;
      if (!answer) continue;
      const { acks, stale } = readBatchAnswer(answer, control, [...waiting.values()]);
      if (stale) all(stale.outcome, stale);
      for (const [sending, id] of [...waiting]) {
        const { outcome, ...detail } = acks.get(id) ?? {};
        if (outcome) settle(sending, outcome, detail);
      }
    }
  }

  #answers = (entry: Queued, outgoing: Outgoing): string => outgoing.answers ?? entry.given?.answers ?? entry.control;

  // Waits for the answers that the message asks for: one of the application, or first that it was taken (enhanced mode).
  async #answer(sending: Sending, peer: Peer, box: Mailbox): Promise<Result> {
    const { outgoing, entry, settle } = sending;
    const wanted = conditionsOf(outgoing.bytes);
    const control = this.#answers(entry, outgoing);
    if (this.#settings().release === 2) {
      const kept = await this.#commit(sending, peer, box);
      if (kept.outcome !== 'positive') return kept;
    }
    if (!wanted) return this.#hear(sending, peer, box, control);
    const { accept, application } = wanted;
    const accepts = accept === 'AL' || accept === 'SU';
    const answers = application === 'AL' || (!accepts && application === 'SU');
    if (!accepts && !answers) return settle('unanswered', { reason: 'no acknowledgement was asked for' });
    const other = this.#settings().applicationOn === 'listener' && answers ? this.#desk.expect(control) : undefined;
    try {
      if (accepts) {
        const taken = await this.#hear(sending, peer, box, control, answers);
        if (taken.outcome !== 'positive' || sending.result || !answers) return taken;
      }
      return await this.#hear(sending, peer, other?.box ?? box, control, false, accepts);
    } finally {
      other?.done();
    }
  }

  // Release 2 of MLLP: the receiver says first that it has kept the block, or that it has not.
  async #commit({ entry, outgoing, delivery, settle, cause }: Sending, peer: Peer, box: Mailbox): Promise<Result> {
    const limit = this.#limit(outgoing);
    const heard = await box.hear(limit);
    this.check();
    if (heard === 'closed') return settle('closed', { reason: 'the receiver closed the connection before it kept the block' });
    if (heard === 'timeout') {
      peer.socket.destroy();
      return settle('silent', { reason: `no commit acknowledgement within ${limit} ms` });
    }
    const byte = 'frame' in heard ? commitOf(heard.frame) : undefined;
    if (byte === COMMIT_ACK) {
      this.#log.accepted(entry, delivery, cause, { code: 'ACK' }, 'commit');
      return { outcome: 'positive', action: 'done' };
    }
    const text = decodeText('frame' in heard ? heard.frame : heard.junk);
    // Whatever else comes on this connection cannot be told apart from the answer to the next attempt.
    peer.socket.destroy();
    if (byte === COMMIT_NAK) return settle('garbled', { code: 'NAK', reason: 'the receiver did not keep the block', text });
    return settle('garbled', { reason: 'no commit acknowledgement', text });
  }

  // An answer to another message, or bytes that answer nothing, are noted and waiting goes on where the sender would try again.
  async #hear(
    { exchange, outgoing, settle, entry, delivery, cause }: Sending,
    peer: Peer,
    box: Mailbox,
    control: string,
    acceptOnly = false,
    accepted = false,
  ): Promise<Result> {
    const { clock } = this.#kernel;
    const limit = this.#limit(outgoing);
    const deadline = clock.now() + limit;
    let noted: Result | undefined;
    for (let noise = 0; ; noise++) {
      const heard = noise < MOST_NOISE ? await box.hear(deadline - clock.now()) : 'timeout';
      this.check();
      // What was accepted is the receiver's; it is not sent again for want of an answer from the application.
      if (accepted && (heard === 'closed' || heard === 'timeout'))
        return settle('unanswered', { reason: `accepted, and no answer of the application within ${limit} ms` });
      if (heard === 'closed') return settle('closed', { reason: 'the receiver closed the connection before it answered' });
      if (heard === 'timeout') {
        // The socket is given up, so that a late answer cannot be taken for that of the next message.
        if (!outgoing.patient && peer.open) peer.socket.destroy();
        return noted ?? settle('silent', { reason: `no answer within ${limit} ms` });
      }
      if ('junk' in heard) {
        noted = settle('garbled', { reason: 'bytes outside any frame', text: decodeText(heard.junk) });
        if (noted.action !== 'retry') return noted;
        continue;
      }
      if (this.#settings().release === 2 && peer.open) peer.socket.write(mllpFrame(Buffer.from([COMMIT_ACK])));
      const answer = this.#kernel.rules.any ? await this.#faulted(heard.frame, exchange()) : heard.frame;
      if (!answer) continue;
      const { outcome, ...detail } = readAck(answer, control);
      if (acceptOnly && outcome === 'positive' && detail.code === 'CA') {
        this.#log.accepted(entry, delivery, cause, detail);
        return { outcome, action: 'done' };
      }
      const result = settle(outcome, detail);
      // Its answer ends it whatever the sender does next; what is not for this message does not.
      if (result.action !== 'retry' || (outcome !== 'stale' && outcome !== 'garbled')) return result;
      noted = result;
    }
  }

  async #within(ms: number, work: Promise<void>): Promise<void> {
    const enough = new AbortController();
    await Promise.race([work, this.#kernel.clock.sleep(ms, enough.signal)]);
    enough.abort();
  }

  // Our own pauses between the pieces do not count.
  #writing(outgoing: Outgoing): number {
    const { cuts = [], pauseMs = 0 } = outgoing;
    return this.#limit(outgoing) + cuts.length * pauseMs;
  }

  #limit({ answerMs }: Outgoing): number {
    const { ackTimeoutMs, sender } = this.#settings();
    return answerMs ?? ackTimeoutMs ?? senderOf(sender).ackTimeoutMs;
  }

  // What faults leave of an answer.
  async #faulted(answer: Buffer, exchange: Exchange): Promise<Buffer | undefined> {
    exchange.incoming = answer;
    await this.#fire('ack', () => exchange);
    this.#heard = answer;
    return exchange.incoming;
  }

  // A new exchange for each attempt: a rule that may fire once hits one attempt, not all.
  #exchange(entry?: Queued, outgoing?: Outgoing): Exchange {
    return {
      id: entry?.seq ?? this.#kernel.journal.head,
      sim: 'hl7',
      tenant: this.#facts.site,
      operation: entry?.message ?? 'connect',
      type: entry?.message.split('^')[0],
      path: '/out',
      text: entry?.text ?? '',
      records: [...(entry?.records ?? [])],
      names: () => (entry ? [entry.person] : []),
      committed: false,
      outgoing,
      previous: this.#heard && { incoming: this.#heard },
      wire: this.#line.wire,
      reject: (error, params) => {
        throw new Rejected(error, params);
      },
    };
  }

  async #fire(hook: Hook, exchange: () => Exchange): Promise<void> {
    const { rules } = this.#kernel;
    if (rules.any) await rules.fire(hook, exchange());
    this.check();
  }

  // Whatever ended an attempt also ends its connection. Gives the reason.
  #severed(error: unknown): string {
    this.check();
    this.#line.disconnect();
    return error instanceof Error ? error.message : String(error);
  }
}

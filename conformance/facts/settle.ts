import { type Clock, type RecordRef, recordKey } from '#simulators';
import { type ReadKind, tellsOf } from '../manifest/read-channels.ts';
import type { Facts, LinkMessage } from './facts.ts';

/** What settling needs to know of one site's wiring. Times in milliseconds. */
export interface SettleTerms {
  site: string;
  /** Declared reading channels. */
  reads: ReadKind[];
  /** Whether changes made in the CRM are read back. */
  crmBack: boolean;
  syncWindow: number;
  /** Longest declared poll interval. */
  pollInterval: number;
  batchInterval: number;
  /** How late the EHR's own feeds show a change; 0 where this is absent. */
  feedDelay?: number;
  /** Longest declared wait before a call that failed is made again. */
  retryWait: number;
  /** Resource types that the map takes in: others owe nothing. */
  types: string[];
  /** Those of them that the map takes in from messages; all where this is absent. */
  onLink?: string[];
  /** CRM objects that it fills: nobody has to look at others. */
  objects: string[];
}

export interface Settled {
  /** `as-mapped`: all is as expected and stayed so; `window`: the declared window ran out; `never-settled`: still moving. */
  by: 'as-mapped' | 'window' | 'never-settled';
  waitedMs: number;
  /** What was still owed, open or moving. */
  pending: string[];
  /** What the subject had not been shown, and on which channel. */
  owed: string[];
}

/** A wait as it stands: settled by what, or when to look again. */
export interface Assessment {
  by?: Settled['by'];
  pending: string[];
  owed: string[];
  nextMs: number;
}

/** Outcomes after which a link does not send a message again. */
const DONE = ['positive', 'error', 'reject'];

/** Samples of custody-to-effect on push channels that are needed before the hold may shrink. */
const ENOUGH_SAMPLES = 30;

/** How long the times of effects that were seen so far stand for those of now, in µs. */
const SAMPLES_HOLD_US = 200_000;

/** How late an event of another process can come in, in µs. */
const LATE_US = 1_000_000;

/** When the messages of a cohort were first sent, and when the subject changed its rows (µs), each in order. */
interface Timeline {
  sent: readonly number[];
  changes: readonly number[];
}

/** Index of the first time that is not before another, in an ordered list. */
function firstAfter(times: readonly number[], at: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Knows when nothing more will come for a cohort, without sleeping blindly: by what the subject was shown, which calls
 * are open, and how long the state has stood still.
 */
export class Settler {
  #facts: Facts;
  #clock: Clock;
  #asMapped: (cohort: string) => boolean;
  #samples = new Map<string, { at: number; effects: number[] }>();
  #final = new Map<LinkMessage, number | undefined>();

  /** @param asMapped whether the cohort's CRM state is what the map asks for, on the facts so far. */
  constructor(facts: Facts, clock: Clock, asMapped: (cohort: string) => boolean) {
    this.#facts = facts;
    this.#clock = clock;
    this.#asMapped = asMapped;
  }

  /** Waits until the cohort has settled, or for at most four sync windows after the last stimulus. */
  async wait(cohort: string, terms: SettleTerms): Promise<Settled> {
    const from = this.#clock.micros();
    for (;;) {
      const { by, pending, owed, nextMs } = this.assess(cohort, terms, from);
      if (by) return { by, waitedMs: Math.round((this.#clock.micros() - from) / 1000), pending, owed };
      // The facts are fed by events as they happen; one look costs a fold over the cohort, so not at each of them.
      await this.#clock.sleep(Math.max(20, Math.min(nextMs, 250)));
    }
  }

  /** The state of a wait that began at `from` (µs): settled by what, or when to look again. */
  assess(cohort: string, terms: SettleTerms, from: number): Assessment {
    const now = this.#clock.micros();
    const window = terms.syncWindow * 1000;
    const owed = this.#owed(cohort, terms);
    const pending = [...owed];
    const open = this.#facts.openCalls(cohort);
    if (open > 0) pending.push(`${open} open calls`);
    const failedAt = this.#facts.retryDueSince(cohort);
    if (failedAt !== undefined && now - failedAt < Math.min(terms.retryWait * 1000, window)) pending.push('a retry is due');
    const hold = this.hold(terms) * 1000;
    const healed = this.#facts.healed.at(-1)?.at ?? 0;
    // What the subject does to itself (an echo, a message that it never acknowledges) must not keep the wait alive.
    const capped = now >= Math.max(this.#lastStimulus(cohort, terms), healed, from) + 4 * window;
    const quietFor = now - Math.max(this.#facts.changedAt.get(cohort) ?? 0, from);
    if (quietFor < hold) {
      if (capped) return { by: 'never-settled', pending: [...pending, 'the state still changes'], owed, nextMs: 0 };
      return { pending, owed, nextMs: (hold - quietFor) / 1000 };
    }
    if (pending.length === 0 && this.#asMapped(cohort)) return { by: 'as-mapped', pending, owed, nextMs: 0 };
    // Evidence may bring a pass forward; only the declared window may bring a failure.
    const windowEnds = Math.max(this.#lastExposure(cohort, terms), healed, from) + window;
    if (capped || (now >= windowEnds && open === 0)) return { by: 'window', pending, owed, nextMs: 0 };
    return { pending, owed, nextMs: now < windowEnds ? Math.min(50, (windowEnds - now) / 1000) : 100 };
  }

  /**
   * How long the state must stand still, in ms: two poll periods or the batch interval; for push channels, where an
   * acknowledgement is custody and not effect, the whole window until enough samples tell how long effects take.
   */
  hold(terms: SettleTerms): number {
    const polled = Math.max(2 * terms.pollInterval, terms.batchInterval);
    // How long an effect takes after a notification is not measured: the whole window, always.
    if (terms.reads.includes('subscription')) return Math.max(polled, terms.syncWindow);
    if (!terms.reads.includes('hl7')) return polled;
    const effects = this.#effects(terms.site);
    if (effects.length < ENOUGH_SAMPLES) return Math.max(polled, terms.syncWindow);
    // Never longer than the window: later effects are late by the subject's own promise.
    return Math.max(polled, Math.min(terms.syncWindow, 2 * (effects[Math.floor(effects.length * 0.99)] ?? 0)));
  }

  // Worked out a few times a second, for all waits of a site together.
  #effects(site: string): number[] {
    const known = this.#samples.get(site);
    const now = this.#clock.micros();
    if (known && now - known.at < SAMPLES_HOLD_US) return known.effects;
    const effects = this.#measure(site);
    this.#samples.set(site, { at: now, effects });
    return effects;
  }

  // Milliseconds from a positive acknowledgement to the change of the cohort's CRM state that it led to, sorted.
  #measure(site: string): number[] {
    const found: number[] = [];
    const timelines = new Map<string, Timeline>();
    for (const message of this.#facts.messages.values()) {
      const ack = message.acks.find((a) => a.outcome === 'positive');
      if (message.tenant !== site || !ack) continue;
      const effect = this.#effectOf(message, timelines);
      // What an outage or another fault delayed says nothing of how long effects take.
      if (effect !== undefined && this.#facts.isTroubled(ack.at, effect)) continue;
      if (effect !== undefined) found.push(Math.max(0, effect - ack.at) / 1000);
    }
    return found.sort((a, b) => a - b);
  }

  // A message that changes nothing has no effect: what came after the next message of the cohort is that one's doing.
  #effectOf(message: LinkMessage, timelines: Map<string, Timeline>): number | undefined {
    if (this.#final.has(message)) return this.#final.get(message);
    const from = message.sent[0]?.at ?? Number.POSITIVE_INFINITY;
    const cohort = message.records.map((ref) => this.#facts.truth.get(recordKey(ref))?.cohort).find(Boolean);
    if (!cohort) return undefined;
    const { sent, changes } = timelines.get(cohort) ?? this.#timeline(cohort);
    timelines.set(cohort, { sent, changes });
    const next = sent[firstAfter(sent, from + 1)] ?? Number.POSITIVE_INFINITY;
    const change = changes[firstAfter(changes, from)];
    const effect = change !== undefined && change < next ? change : undefined;
    // Once the time that a message had to itself is well past, its effect is known for good.
    if ((this.#facts.last?.at ?? 0) > next + LATE_US) this.#final.set(message, effect);
    return effect;
  }

  #timeline(cohort: string): Timeline {
    const messages = this.#facts.truthOf(cohort).flatMap((history) => this.#facts.messagesOf(history.versions[0]?.ref.id ?? ''));
    const changes = this.#facts
      .crmOf(cohort)
      .flatMap((row) => row.versions.filter((v) => v.actor.startsWith('client:')).map((v) => v.at));
    const inOrder = (times: number[]): number[] => times.sort((a, b) => a - b);
    return { sent: inOrder(messages.flatMap(({ sent }) => sent[0]?.at ?? [])), changes: inOrder(changes) };
  }

  // What the subject has not been shown yet, on each declared channel that can carry it.
  #owed(cohort: string, terms: SettleTerms): string[] {
    const owed: string[] = [];
    for (const history of this.#facts.truthOf(cohort)) {
      const ref = history.versions.at(-1)?.ref;
      if (!ref || !terms.types.includes(history.type)) continue;
      // Nobody has to look at a chart again once it was merged away.
      const isRetired = JSON.stringify((history.versions.at(-1)?.image as { link?: unknown } | null)?.link ?? '').includes(
        'replaced-by',
      );
      for (const channel of terms.reads) {
        if (channel === 'hl7' ? !this.#carried(ref, terms) : isRetired || !tellsOf(channel, ref.type)) continue;
        if (this.#facts.servedAt(ref, `${terms.site}/${channel}`) === undefined) owed.push(`${ref.type}/${ref.id} on ${channel}`);
      }
    }
    for (const message of this.#facts.givenBy(cohort))
      if (!message.acks.some(({ outcome }) => DONE.includes(outcome))) owed.push(`an answer to ${message.type} on the link`);
    if (!terms.crmBack) return owed;
    for (const history of this.#facts.crmOf(cohort)) {
      const last = terms.objects.includes(history.type) ? history.versions.at(-1) : undefined;
      if (last?.actor.startsWith('user:') && this.#facts.servedAt(last.ref, 'crm') === undefined)
        owed.push(`${last.ref.type} in the CRM`);
    }
    return owed;
  }

  // Whether a link took on a message for this version that was not dropped on purpose.
  #carried(ref: RecordRef, { onLink }: SettleTerms): boolean {
    if (onLink && !onLink.includes(ref.type)) return false;
    return this.#facts
      .messagesOf(ref.id)
      .some(
        (message) =>
          !message.dropped && message.records.some((r) => r.type === ref.type && r.id === ref.id && r.version === ref.version),
      );
  }

  // When the cohort's newest changes could last be had: committed (a poll finds them), sent, or edited in the CRM.
  #lastExposure(cohort: string, terms: SettleTerms): number {
    let last = 0;
    for (const history of this.#facts.truthOf(cohort)) {
      const version = history.versions.at(-1);
      if (!version) continue;
      const late = terms.reads.includes('changed') ? (terms.feedDelay ?? 0) * 1000 : 0;
      if (terms.reads.some((kind) => kind !== 'hl7')) last = Math.max(last, version.at + late);
      if (!terms.reads.includes('hl7')) continue;
      for (const message of this.#facts.messagesOf(version.ref.id))
        last = Math.max(last, message.sent.at(-1)?.at ?? message.queuedAt ?? 0);
    }
    for (const message of this.#facts.givenBy(cohort)) last = Math.max(last, message.sent.at(-1)?.at ?? message.queuedAt ?? 0);
    for (const history of this.#facts.crmOf(cohort)) {
      for (const version of history.versions) if (version.actor.startsWith('user:')) last = Math.max(last, version.at);
    }
    return last;
  }

  // When the judge, and not the subject, last did something: commits by users, and the first sending of what they led to.
  #lastStimulus(cohort: string, terms: SettleTerms): number {
    let last = 0;
    for (const history of [...this.#facts.truthOf(cohort), ...this.#facts.crmOf(cohort)]) {
      for (const version of history.versions) {
        if (!version.actor.startsWith('user:')) continue;
        last = Math.max(last, version.at + (terms.feedDelay ?? 0) * 1000);
        if (version.ref.sim === 'crm' || !terms.reads.includes('hl7')) continue;
        const { id, version: n } = version.ref;
        for (const message of this.#facts.messagesOf(id))
          if (message.records.some((ref) => ref.id === id && ref.version === n)) last = Math.max(last, message.sent[0]?.at ?? 0);
      }
    }
    return last;
  }
}

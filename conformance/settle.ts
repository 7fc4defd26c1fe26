import { type Clock, type RecordRef, recordKey } from '#simulators';
import type { Facts, LinkMessage } from './facts.ts';

/** What settling needs to know of one site's wiring. Times in milliseconds. */
export interface SettleTerms {
  site: string;
  /** Declared reading channels. */
  reads: ('hl7' | 'poll')[];
  /** Whether changes made in the CRM are read back. */
  crmBack: boolean;
  syncWindow: number;
  /** Longest declared poll interval. */
  pollInterval: number;
  batchInterval: number;
  /** Resource types that the map takes in: others owe nothing. */
  types: string[];
}

export interface Settled {
  /** `as-mapped`: all is as expected and stayed so; `window`: the declared window ran out; `never-settled`: still moving. */
  by: 'as-mapped' | 'window' | 'never-settled';
  waitedMs: number;
  /** What was still owed, open or moving. */
  pending: string[];
}

/** Samples of custody-to-effect on push channels that are needed before the hold may shrink. */
const ENOUGH_SAMPLES = 30;

/**
 * Knows when nothing more will come for a cohort, without sleeping blindly: by what the subject was shown, which calls
 * are open, and how long the state has stood still.
 */
export class Settler {
  #facts: Facts;
  #clock: Clock;
  #asMapped: (cohort: string) => boolean;

  /** @param asMapped whether the cohort's CRM state is what the map asks for, on the facts so far. */
  constructor(facts: Facts, clock: Clock, asMapped: (cohort: string) => boolean) {
    this.#facts = facts;
    this.#clock = clock;
    this.#asMapped = asMapped;
  }

  /** Waits until the cohort has settled, or for at most four sync windows after the last exposure. */
  async wait(cohort: string, terms: SettleTerms): Promise<Settled> {
    const from = this.#clock.micros();
    for (;;) {
      const verdict = this.assess(cohort, terms, from);
      if (verdict.by)
        return { by: verdict.by, waitedMs: Math.round((this.#clock.micros() - from) / 1000), pending: verdict.pending };
      // The facts are fed by events as they happen; one look costs a fold over the cohort, so not at each of them.
      await this.#clock.sleep(Math.max(20, Math.min(verdict.nextMs, 250)));
    }
  }

  /** The state of a wait that began at `from` (µs): settled by what, or when to look again. */
  assess(cohort: string, terms: SettleTerms, from: number): { by?: Settled['by']; pending: string[]; nextMs: number } {
    const now = this.#clock.micros();
    const pending = this.#owed(cohort, terms);
    const open = this.#facts.openCalls(cohort);
    if (open > 0) pending.push(`${open} open calls`);
    const hold = this.hold(terms) * 1000;
    const changed = Math.max(this.#facts.changedAt.get(cohort) ?? 0, from);
    const quietFor = now - changed;
    const exposed = Math.max(this.#lastExposure(cohort, terms), this.#facts.healed.at(-1)?.at ?? 0, from);
    const windowEnds = exposed + terms.syncWindow * 1000;
    if (quietFor < hold) {
      if (now < windowEnds + 3 * terms.syncWindow * 1000) return { pending, nextMs: Math.min(hold - quietFor, 250_000) / 1000 };
      return { by: 'never-settled', pending: [...pending, 'the state still changes'], nextMs: 0 };
    }
    if (pending.length === 0 && this.#asMapped(cohort)) return { by: 'as-mapped', pending, nextMs: 0 };
    // Evidence may bring a pass forward; only the declared window may bring a failure.
    if (now < windowEnds) return { pending, nextMs: Math.min(50, (windowEnds - now) / 1000) };
    if (open === 0 || now > windowEnds + 3 * terms.syncWindow * 1000) return { by: 'window', pending, nextMs: 0 };
    return { pending, nextMs: 100 };
  }

  /**
   * How long the state must stand still, in ms: two poll periods or the batch interval; for push channels, where an
   * acknowledgement is custody and not effect, the whole window until enough samples tell how long effects take.
   */
  hold(terms: SettleTerms): number {
    const polled = Math.max(2 * terms.pollInterval, terms.batchInterval);
    if (!terms.reads.includes('hl7')) return polled;
    const effects = this.#effects(terms.site);
    if (effects.length < ENOUGH_SAMPLES) return Math.max(polled, terms.syncWindow);
    return Math.max(polled, 2 * (effects[Math.floor(effects.length * 0.99)] ?? 0));
  }

  // Milliseconds from a positive acknowledgement to the next change of that cohort's CRM state, sorted.
  #effects(site: string): number[] {
    const found: number[] = [];
    for (const message of this.#facts.messages.values()) {
      const ack = message.acks.find((a) => a.outcome === 'positive');
      if (message.tenant !== site || !ack) continue;
      const effect = this.#effectOf(message, ack.at);
      if (effect !== undefined) found.push(Math.max(0, effect - ack.at) / 1000);
    }
    return found.sort((a, b) => a - b);
  }

  #effectOf(message: LinkMessage, ackAt: number): number | undefined {
    for (const ref of message.records) {
      const cohort = this.#facts.truth.get(recordKey(ref))?.cohort;
      if (!cohort) continue;
      for (const row of this.#facts.crmOf(cohort)) {
        const version = row.versions.find((v) => v.at >= (message.sent[0]?.at ?? ackAt));
        if (version) return version.at;
      }
    }
    return undefined;
  }

  // What the subject has not been shown yet, on each declared channel that can carry it.
  #owed(cohort: string, terms: SettleTerms): string[] {
    const owed: string[] = [];
    for (const history of this.#facts.truthOf(cohort)) {
      const ref = history.versions.at(-1)?.ref;
      if (!ref || !terms.types.includes(history.type)) continue;
      for (const channel of terms.reads) {
        if (channel === 'hl7' && !this.#carried(ref)) continue;
        if (this.#facts.servedAt(ref, `${terms.site}/${channel}`) === undefined) owed.push(`${ref.type}/${ref.id} on ${channel}`);
      }
    }
    if (!terms.crmBack) return owed;
    for (const history of this.#facts.crmOf(cohort)) {
      const last = history.versions.at(-1);
      if (last?.actor.startsWith('user:') && this.#facts.servedAt(last.ref, 'crm') === undefined)
        owed.push(`${last.ref.type} in the CRM`);
    }
    return owed;
  }

  // Whether a link took on a message for this version that was not dropped on purpose.
  #carried(ref: RecordRef): boolean {
    return this.#facts
      .messagesOf(ref.id)
      .some((message) => message.records.some((r) => r.type === ref.type && r.id === ref.id && r.version === ref.version));
  }

  // When the cohort's newest changes could last be had: committed (a poll finds them), sent, or edited in the CRM.
  #lastExposure(cohort: string, terms: SettleTerms): number {
    let last = 0;
    for (const history of this.#facts.truthOf(cohort)) {
      const version = history.versions.at(-1);
      if (!version) continue;
      if (terms.reads.includes('poll')) last = Math.max(last, version.at);
      if (!terms.reads.includes('hl7')) continue;
      for (const message of this.#facts.messagesOf(version.ref.id))
        last = Math.max(last, message.sent.at(-1)?.at ?? message.queuedAt ?? 0);
    }
    for (const history of this.#facts.crmOf(cohort)) {
      for (const version of history.versions) if (version.actor.startsWith('user:')) last = Math.max(last, version.at);
    }
    return last;
  }
}

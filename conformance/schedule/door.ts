import type { Facts, GatedCall } from '../facts/facts.ts';
import { wordsOf } from '../facts/facts.ts';
import type { SandboxClient } from '../world/sandbox-client.ts';
import type { Door, News } from './run-lane.ts';

/** How long a call that was let go may take to its next step before others are looked at. */
const STEP_MS = 500;

/**
 * The gates of one lane in a running sandbox, of one process or several: calls are told apart by the rules of the lane, and
 * named by what they touch in the check's own words.
 */
export class SandboxDoor implements Door {
  #facts: Facts;
  #sandbox: Pick<SandboxClient, 'release'>;
  #cohort: string;
  #lane: string;
  #rules: string;
  #known = new Map<string, GatedCall['by']>();

  /** @param rules what the ids of the lane's rules begin with. */
  constructor(facts: Facts, sandbox: Pick<SandboxClient, 'release'>, about: { cohort: string; lane: string; rules: string }) {
    this.#facts = facts;
    this.#sandbox = sandbox;
    this.#cohort = about.cohort;
    this.#lane = about.lane;
    this.#rules = about.rules;
  }

  news(): News[] {
    const found: News[] = [];
    for (const call of this.#facts.gated.values()) {
      if (!call.rule.startsWith(this.#rules)) continue;
      const { id, by } = call;
      if (!this.#known.has(id)) found.push({ id, parked: this.#step(call) });
      if (by && this.#known.get(id) !== by && (by === 'deadline' || by === 'gone')) found.push({ id, left: by });
      this.#known.set(id, by);
    }
    return found;
  }

  release(id: string): Promise<void> {
    const { process, gate } = this.#facts.gated.get(id)!;
    return this.#sandbox.release(process, gate, STEP_MS);
  }

  #step({ sim, operation, type, hook, touches }: GatedCall) {
    const handles = this.#handles();
    const words = touches.flatMap((text) => [...wordsOf(text), ...text.split('/')]);
    const named = [...new Set(words.flatMap((word) => handles.get(word) ?? []))].sort();
    // What names nobody in particular may touch anything.
    const about = named.length > 0 ? named : [...new Set(handles.values())].sort();
    const what = [sim, operation, ...(type ? [type] : [])].join(' ');
    return { name: `${what} [${named.join(', ')}] at ${hook}`, touches: about };
  }

  // The check's names of its records, by every word by which a call can name one: EHR ids, identifiers, ids of CRM rows.
  #handles(): Map<string, string> {
    const handles = new Map<string, string>();
    const log = this.#facts.checks.get(this.#cohort);
    for (const [key, value] of log?.notes ?? []) {
      if (!key.startsWith('record ') || !key.endsWith(` of ${this.#lane}`)) continue;
      const name = key.slice('record '.length, -` of ${this.#lane}`.length);
      const { sim, tenant, type, id } = value as Record<string, string>;
      handles.set(id!, name);
      const { image } = this.#facts.truth.get(`${sim}/${tenant}/${type}/${id}`)?.versions.at(-1) ?? {};
      for (const { value: word } of (image?.identifier as { value?: string }[] | undefined) ?? [])
        if (word) for (const part of [word, ...wordsOf(word)]) handles.set(part, name);
    }
    for (const row of this.#facts.crmOf(this.#cohort)) {
      const { image, ref } = row.versions.at(-1)!;
      const name = wordsOf(JSON.stringify(image ?? {})).flatMap((word) => handles.get(word) ?? [])[0];
      if (name) handles.set(ref.id, name);
    }
    return handles;
  }
}

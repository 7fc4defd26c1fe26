import type { SiteManifest } from '../manifest/manifest.ts';
import type { WorldOptions } from './world.ts';

export interface LinkDeskOptions extends Pick<WorldOptions, 'cohort' | 'sandbox' | 'evidence'> {
  site: SiteManifest;
  /** Keeps a fact for `expect`, in the journal. */
  note(key: string, value: unknown): Promise<void>;
  pass(ms: number): Promise<void>;
}

/** What a check may send over a site's HL7 link beside what commits lead to, and see of what came of it. */
export class LinkDesk {
  readonly site: SiteManifest;
  readonly cohort: string;
  #o: LinkDeskOptions;

  constructor(options: LinkDeskOptions) {
    this.#o = options;
    this.site = options.site;
    this.cohort = options.cohort;
  }

  /**
   * Sends a message that no commit led to. `{{control}}` and `{{time}}` in its text become a fresh control id and now;
   * `expect` finds what came of it under the name.
   */
  async give(
    name: string,
    message: { text?: string; base64?: string; message: string; person?: string; answers?: string },
  ): Promise<void> {
    const client = this.#o.sandbox.of(`${this.site.name}-hl7`);
    const path = `/v1/sites/${this.site.name}/link/messages`;
    const { control } = await client.call<{ control: string }>('POST', path, { ...message, cohort: this.cohort });
    await this.#o.note(`given ${name}`, control);
  }

  /** Header and EVN of a message as this site's link writes them, to make messages to give. */
  header(event: string, more: { version?: string; processing?: string; sender?: string } = {}): string {
    const { version = '2.5.1', processing = 'P' } = more;
    const link = this.#o.sandbox.parts.find((p) => p.name === `${this.site.name}-hl7`);
    const [application, facility] = (more.sender ?? link?.credentials.sender ?? 'EPIC^EPIC').split('^');
    const type = event.replace(/^(A|S)/, (letter) => (letter === 'A' ? 'ADT^A' : 'SIU^S'));
    const msh = `MSH|^~\\&|${application}|${facility}|CRM|CRM|{{time}}||${type}|{{control}}|${processing}|${version}||||||UNICODE UTF-8`;
    return `${msh}\rEVN|${event}|{{time}}\r`;
  }

  /** The character set of this site's messages, as MSH-18 names it; empty for ASCII. */
  get charset(): string {
    return this.#o.sandbox.parts.find((p) => p.name === `${this.site.name}-hl7`)?.credentials.charset ?? 'UNICODE UTF-8';
  }

  /** PID-3 of a patient at this site. */
  pid3(mrn: string): string {
    const { name, authority } = this.site;
    return `${mrn}^^^${name.toUpperCase()}&${authority}&${/^\d+(\.\d+)+$/.test(authority) ? 'ISO' : 'URI'}^MR`;
  }

  /** Sends every message so far about this check's people once more, as it was. Returns the names under which `expect` finds them. */
  async replayFeed(): Promise<string[]> {
    const { facts } = this.#o.evidence;
    const sent = new Set(facts.truthOf(this.cohort).flatMap((history) => facts.messagesOf(history.versions[0]?.ref.id ?? '')));
    const inOrder = [...sent].sort((a, b) => (a.sent[0]?.at ?? 0) - (b.sent[0]?.at ?? 0));
    const names: string[] = [];
    for (const { control, type, text } of inOrder) {
      if (!text) continue;
      names.push(`again ${control}`);
      await this.give(`again ${control}`, { message: type, text, answers: control });
      // At a pace at which each would show its effect, were it to have one.
      await this.#o.pass(200);
    }
    return names;
  }

  /** Whether a message about this MRN was acknowledged positively. */
  isAcknowledged = (mrn: string): boolean => this.acknowledged(mrn) > 0;

  /** How many messages about this MRN were acknowledged positively. */
  acknowledged(mrn: string): number {
    const { truth, messages } = this.#o.evidence.facts;
    const about = (id: string) =>
      JSON.stringify(truth.get(`ehr/${this.site.name}/Patient/${id}`)?.versions[0]?.image ?? '').includes(mrn);
    return [...messages.values()].filter(
      ({ acks, records }) => acks.some(({ outcome }) => outcome === 'positive') && records.some(({ id }) => about(id)),
    ).length;
  }
}

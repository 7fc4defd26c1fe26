import { recordKey } from '#simulators';
import { fail, untestable } from '../check.ts';
import type { EventId, Finding } from '../result.ts';
import { CohortFacts } from './cohort-facts.ts';
import type { History, Resource, Row, Version } from './facts.ts';
import { type LatencySummary, summarise } from './latency.ts';
import { changedFields } from './row-changes.ts';
import { writeBackSamples } from './write-back-latency.ts';

/** Fields in which an org says that a lead was converted. */
const CONVERSION = ['Status', 'IsConverted', 'ConvertedDate', 'ConvertedContactId', 'ConvertedAccountId', 'EHR_Key__c'];

/** What a check's `expect` may ask about the CRM beside its rows: what its jobs sent, whom it refused, what became of a lead. */
export class CrmFacts extends CohortFacts {
  /** The messages about a record, or to a person, that the job or campaign of that label sent. */
  messagesAbout(name: string, label: string): { text: string; event: EventId }[] {
    const history = this.#record(name);
    const [from, to] = [this.#jobAt(label), this.#nextJobAfter(label)];
    const rows = new Set((history ? this.evidence.everRowsFor(history) : []).map(({ key }) => key));
    return this.evidence.facts.sends.filter(({ at, records }) => at > from && at < to && records.some((key) => rows.has(key)));
  }

  /** Untestable unless a write was refused because the record was held under that name. */
  wasRefused(name: string): Finding[] {
    const lock = this.log.notes.get(`lock ${name}`);
    if (this.evidence.facts.lockRefusals.some((one) => one.lock === lock)) return [];
    return [untestable('did-not-bite', `The record that was held (${name}) was never asked for by the subject.`)];
  }

  /** What became of a lead, against the map's rule. */
  leadFindings(name: string): Finding[] {
    const ref = this.log.notes.get(`lead ${name}`) as Parameters<typeof recordKey>[0] | undefined;
    const lead = ref && this.evidence.facts.crm.get(recordKey(ref));
    if (!lead) return [untestable('nothing-done', 'No lead could be made in this org.')];
    const rule = this.evidence.leadRule;
    const touched = changesBy(lead);
    const evidence = touched.map(({ version }) => version.event).slice(-3);
    const spared = rule === 'convert' ? CONVERSION : [];
    const lost = touched.find(({ field, before }) => before !== undefined && !spared.includes(field));
    const isGone = lead.versions.at(-1)?.image === null;
    if (lost && !(isGone && rule === 'convert'))
      return [
        fail('lead-overwritten', `The lead's ${lost.field} was overwritten, which the map's rule (${rule}) does not ask for.`, {
          expected: String(lost.before),
          actual: String(lost.after ?? '(empty)'),
          evidence,
        }),
      ];
    if (rule === 'none' && touched.length > 0)
      return [fail('lead-touched', 'The map leaves leads alone (lead_match: none), and the subject wrote to one.', { evidence })];
    if (rule === 'flag' && touched.length === 0 && !this.#pointsTo(lead))
      return [fail('not-flagged', 'Nothing in the CRM says that the lead and the new patient may be one person.', { evidence })];
    if (rule === 'convert' && !isGone && !isConverted(lead))
      return [fail('not-converted', 'The lead is still open beside the patient whom it matches.', { evidence })];
    return [];
  }

  // A task, a note, a link: any row of the subject's that names the lead.
  #pointsTo(lead: History<Row>): boolean {
    const id = lead.versions[0]!.ref.id;
    return [...this.evidence.facts.crm.values()].some(
      (row) =>
        row !== lead &&
        row.versions.some(
          ({ actor, image }) =>
            actor.startsWith('client:') && Object.values(image ?? {}).some((value) => String(value).startsWith(id.slice(0, 15))),
        ),
    );
  }

  /** A finding unless the subject said, after it had printed so many lines, that something is wrong with that CRM field. */
  wasReported(field: string, linesBefore: number): Finding[] {
    const lines = this.evidence.output?.();
    if (!lines)
      return [
        untestable(
          'no-output',
          'What the subject prints cannot be seen: start it by `command`, or say where its log is (hooks.logs).',
        ),
      ];
    if (lines.slice(linesBefore).some((line) => line.includes(field))) return [];
    return [
      fail('not-reported', `Nothing that the subject printed names ${field}, which the CRM would not take.`, {
        expected: `a line with ${field}`,
        actual: 'none',
      }),
    ];
  }

  /** From each CRM edit of a field that the CRM owns until the EHR held it, for edits after a mark; `window` is the declared one, in ms. */
  writeBackLatency(since: string): LatencySummary & { window: number } {
    const from = this.log.marks.get(since)?.at ?? Number.POSITIVE_INFINITY;
    const samples = writeBackSamples(this.evidence, this.cohort, { from, end: this.evidence.facts.last?.at ?? 0 });
    return { ...summarise(samples), window: this.evidence.syncWindow };
  }

  #record(name: string): History<Resource> | undefined {
    const ref = this.log.notes.get(`record ${name}`) as Parameters<typeof recordKey>[0] | undefined;
    return ref && this.evidence.facts.truth.get(recordKey(ref));
  }

  #nextJobAfter(label: string): number {
    const from = this.#jobAt(label);
    const jobs = [...this.log.notedAt].flatMap(([key, at]) => (key.startsWith('job ') && at > from ? [at] : []));
    return Math.min(...jobs, Number.POSITIVE_INFINITY);
  }

  // Jobs are noted just before they run.
  #jobAt(label: string): number {
    return this.log.notedAt.get(`job ${label}`) ?? Number.POSITIVE_INFINITY;
  }
}

interface Touched {
  field: string;
  before: unknown;
  after: unknown;
  version: Version<Row>;
}

/** What the subject changed in a row, field by field. */
function changesBy({ versions }: History<Row>): Touched[] {
  return versions.flatMap((version, i) => {
    if (!version.actor.startsWith('client:')) return [];
    const before = versions[i - 1]?.image ?? ({} as Partial<Row>);
    return changedFields(before, version.image).map((field) => ({
      field,
      before: before[field] ?? undefined,
      after: version.image?.[field] ?? undefined,
      version,
    }));
  });
}

const isConverted = ({ versions }: History<Row>): boolean => {
  const { IsConverted, Status } = versions.at(-1)?.image ?? ({} as Partial<Row>);
  return IsConverted === true || /(?<!not )converted/i.test(String(Status ?? ''));
};

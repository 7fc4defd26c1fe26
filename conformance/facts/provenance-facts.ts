import { fail } from '../check.ts';
import { chartTypes } from '../map/fhirpath.ts';
import type { MapRow } from '../map/map.ts';
import { patientReference } from '../oracle/chart.ts';
import { type Provenance, provenanceOf } from '../oracle/transforms.ts';
import type { Finding } from '../result.ts';
import { CohortFacts } from './cohort-facts.ts';
import { type History, imageAt, type Resource, type Row, type Showing } from './facts.ts';

/** How far a moment that the subject writes down may be from what the systems saw; a CRM keeps whole seconds, and a busy machine takes its time. */
const APART_MS = 3_000;

/** Vendors whose answers do not say when a record was last changed (docs/fidelity.md). */
const SAYS_NO_TIME: readonly string[] = ['epic'];

/** A moment that only its bounds are known of is any between them. */
interface Moment {
  from: number;
  to: number;
}

const isIn = (ms: number, { from, to }: Moment): boolean => ms >= from - APART_MS && ms <= to + APART_MS;
const exactly = (wall: string): Moment => ({ from: Date.parse(wall), to: Date.parse(wall) });

/** Where the rows of the CRM say that they are from, held against where they are from. */
export class ProvenanceFacts extends CohortFacts {
  /** What is not said, or is not so, of the CRM rows of this check's people at a mark. */
  findings(label: string): Finding[] {
    const at = this.log.marks.get(label)?.at ?? Number.POSITIVE_INFINITY;
    const { oracle, facts } = this.evidence;
    const unsaid = oracle.map.objects.filter(({ object }) => this.#rows(object).length === 0).map(({ object }) => object);
    const judged = facts
      .truthOf(this.cohort)
      .flatMap((history) => this.evidence.rowsFor(history, at).map((row) => ({ history, row, image: imageAt(row, at) as Row })));
    const wanting = [...new Set(judged.map(({ row }) => row.type))].filter((type) => unsaid.includes(type));
    return [
      ...wanting.map((type) =>
        fail('not-mapped', `The map has no row that says where a ${type} is from.`, { expected: 'provenance:…' }),
      ),
      ...judged.flatMap(({ history, row, image }) =>
        this.#rows(row.type).flatMap((rule) => this.#judge(rule, { history, row, image, at })),
      ),
    ];
  }

  #rows(object: string): MapRow[] {
    return this.evidence.oracle.rowsFor(object).filter(({ transform }) => provenanceOf(transform) !== undefined);
  }

  #judge(rule: MapRow, about: { history: History<Resource>; row: History<Row>; image: Row; at: number }): Finding[] {
    const { image, row, history } = about;
    const fact = provenanceOf(rule.transform) as Provenance;
    const value = image[rule.field];
    const named = `${row.type}.${rule.field}`;
    const evidence = [history.versions.at(-1)!.event, row.versions.at(-1)!.event];
    if (value === undefined || value === null || value === '')
      return [fail('no-provenance', `${named} does not say where the record is from (${fact}).`, { row: rule.id, evidence })];
    const right = fact === 'system' ? this.#names(history.tenant) : this.#moments(fact, about);
    const isRight =
      fact === 'system'
        ? (right as string[]).includes(String(value).toLowerCase())
        : (right as Moment[]).some((moment) => isIn(Date.parse(String(value)), moment));
    if (isRight) return [];
    const said = {
      system: 'names another system',
      fetched: 'is not when it was read',
      updated: 'is not when it was changed there',
    };
    const expected = right.map((one) => (typeof one === 'string' ? one : new Date(one.to).toISOString()));
    return [
      fail('untrue', `${named} ${said[fact]}.`, {
        row: rule.id,
        expected: [...new Set(expected)].slice(-3).join(' or '),
        actual: String(value),
        evidence,
      }),
    ];
  }

  // A site is known by its name in the settings, and by who assigns its numbers.
  #names(site: string): string[] {
    return [site, this.evidence.authorityOf(site)].map((name) => name.toLowerCase());
  }

  // Moments that are true of what the row shows: of its own record, and for a person of whatever of the chart its fields are worked out of.
  #moments(
    fact: 'fetched' | 'updated',
    { history, row, at }: { history: History<Resource>; row: History<Row>; at: number },
  ): Moment[] {
    const sources = this.#sourcesOf(history, row.type, at);
    const written = row.versions.filter((version) => version.at <= at && version.actor.startsWith('client:')).at(-1);
    const end = written ? Date.parse(written.wall) + APART_MS : Number.POSITIVE_INFINITY;
    const newest = (of: History<Resource>) => of.versions.filter((version) => version.at <= at).at(-1)!;
    // What was read before the record itself last changed is older than what the row shows.
    const begin = Date.parse(newest(history).wall);
    const reads = sources.flatMap((source) =>
      (this.log.showings ?? []).filter(
        ({ key, version, wall }) =>
          key === source.key && version >= newest(source).ref.version && Date.parse(wall) >= begin && Date.parse(wall) <= end,
      ),
    );
    // An export shows the state of the moment at which it was begun, and is fetched when it is done: a bulk server says which.
    const read = reads.map(({ wall, channel }) =>
      channel.endsWith('/bulk') ? { ...exactly(wall), from: begin } : exactly(wall),
    );
    if (fact === 'fetched') return read;
    const changed = sources.map((source) => exactly(newest(source).wall));
    // Who was not told when it changed can only say when it was read.
    return [...changed, ...(reads.some((one) => this.#isTimeless(one, history.tenant)) ? read : [])];
  }

  #sourcesOf(history: History<Resource>, object: string, at: number): History<Resource>[] {
    const types = this.evidence.oracle.rowsFor(object).flatMap(({ source }) => chartTypes(source));
    const chart = this.evidence.facts.truthOf(this.cohort).filter((one) => {
      const image = imageAt(one, at);
      return image && types.includes(one.type) && patientReference(image) === `Patient/${history.versions[0]!.ref.id}`;
    });
    return history.type === 'Patient' ? [history, ...chart] : [history];
  }

  #isTimeless({ channel }: Showing, site: string): boolean {
    return !channel.endsWith('/hl7') && SAYS_NO_TIME.includes(this.evidence.vendorOf(site) ?? '');
  }
}

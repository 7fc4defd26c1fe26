import type { Clock } from '#simulators';
import { fail } from '../check.ts';
import type { ExpectedRecord } from '../oracle/expectation.ts';
import type { EventId, Finding } from '../result.ts';
import type { Evidence } from './evidence.ts';
import { type History, imageAt, type Resource, type Row } from './facts.ts';

/** Where a commit stood in a load script's schedule; the commit event carries it as `data.offer`. */
export interface Offer {
  schedule: string;
  /** From 0. */
  index: number;
  /** When the commit was to be made, in epoch ms. */
  due: number;
}

/**
 * What became of one source commit of one record. `visible`: the CRM came to hold it. `superseded`: it came to hold a later
 * version first. `never`: neither did by the end. `unchanged`: the CRM was as the commit asks before it was made.
 */
export type Outcome = 'visible' | 'superseded' | 'never' | 'unchanged';

export interface Sample {
  /** Key of the record. */
  record: string;
  version: number;
  act: string;
  /** `unscheduled` for commits that no script offered. */
  schedule: string;
  index?: number;
  outcome: Outcome;
  /** When the commit was due, and when it was made (µs). */
  dueAt: number;
  committedAt: number;
  /** From due to visible, in µs. For `never` it is how long it was waited for: the true value is larger. */
  micros: number;
  event: EventId;
}

/** The act of those who are put into a site before the subject is started. */
export const SETTLED_IN = 'settle-in';

/**
 * How long each change of a cohort's records took: from when its commit was due to the first instant at which all CRM rows
 * of the record were as the map asks for that version, or for a later one. A fold of the journal: nothing is measured here,
 * and nothing is dropped. Commits of the subject itself are no source commits.
 * @param end when the judge stopped looking (µs)
 * @param readyAt when the subject was there to be told (µs): what it found there already is due from then on
 */
export function latencySamples(
  evidence: Evidence,
  cohort: string,
  { end, readyAt = 0 }: { end: number; readyAt?: number },
): Sample[] {
  const view = new View(evidence, cohort);
  view.refresh();
  return view.histories.flatMap((history) => {
    const seen = view.seen(history, end);
    return history.versions.flatMap((version, i) => {
      if (!version.actor.startsWith('user:') || version.at > end) return [];
      const offer = evidence.facts.offers.get(version.event);
      const isResident = version.act === SETTLED_IN;
      const madeAt = isResident ? Math.max(version.at, readyAt) : version.at;
      const dueAt = offer ? Math.min(version.at, version.at - (Date.parse(version.wall) - offer.due) * 1000) : madeAt;
      const { at, outcome } = seen[i] ?? { at: end, outcome: 'never' as const };
      return {
        record: history.key,
        version: version.ref.version,
        act: version.act,
        schedule: offer?.schedule ?? (isResident ? 'residents' : 'unscheduled'),
        index: offer?.index,
        outcome,
        dueAt,
        committedAt: madeAt,
        micros: at - dueAt,
        event: version.event,
      };
    });
  });
}

/** Fails for the changes, of so many, that the CRM never came to show. */
export const neverVisible = (lost: readonly EventId[], samples: number): Finding[] =>
  lost.length > 0
    ? [
        fail('never-visible', `${lost.length} of ${samples} changes never became visible.`, {
          expected: '0',
          actual: String(lost.length),
          evidence: lost.slice(0, 3),
        }),
      ]
    : [];

/** So many records that are behind are looked at again though nothing about them changed: a row that they refer to may have. */
const FEW = 200;

/**
 * Records of a cohort whose newest version the CRM does not show yet. It is asked again and again, so that a look costs what changed
 * since the last one, and no more than its time.
 */
export class Behind {
  #view: View;
  #clock: Pick<Clock, 'micros'>;
  #behind = new Set<History<Resource>>();
  #unseen = new Set<History<Resource>>();

  constructor(evidence: Evidence, cohort: string, clock: Pick<Clock, 'micros'>) {
    this.#view = new View(evidence, cohort);
    this.#clock = clock;
  }

  /** How many they are after a look of so many ms, and for how many records there was no time. */
  look(ms: number): { behind: number; unseen: number } {
    const until = this.#clock.micros() + ms * 1000;
    this.#lookAt(this.#view.refresh());
    if (this.#unseen.size === 0 && this.#behind.size <= FEW) this.#lookAt(this.#behind);
    for (const history of this.#unseen) {
      this.#unseen.delete(history);
      if (!this.#view.shows(history, history.versions.length - 1)) this.#behind.add(history);
      if (this.#clock.micros() > until) break;
    }
    return { behind: this.#behind.size, unseen: this.#unseen.size };
  }

  /** The keys of both. */
  get keys(): string[] {
    return [...this.#behind, ...this.#unseen].map(({ key }) => key);
  }

  /** All of them are looked at anew. */
  again(): void {
    this.#lookAt(this.#view.histories);
  }

  #lookAt(histories: Iterable<History<Resource>>): void {
    for (const history of histories) {
      this.#unseen.add(history);
      this.#behind.delete(history);
    }
  }
}

/** The CRM rows of a cohort by the keys that they ever carried, so that each look costs the rows of one record only. */
class View {
  histories: History<Resource>[] = [];
  #evidence: Evidence;
  #cohort: string;
  #rows = new Map<string, History<Row>[]>();
  /** The records that asked for a row of that key. */
  #asked = new Map<string, Set<History<Resource>>>();
  #revision?: number;
  /** How many versions each history had at the last look. */
  #known = new Map<History<unknown>, number>();

  constructor(evidence: Evidence, cohort: string) {
    this.#evidence = evidence;
    this.#cohort = cohort;
  }

  /** Takes in what is new, and returns the records whose own state or rows changed. */
  refresh(): Set<History<Resource>> {
    const { facts, oracle } = this.#evidence;
    const revision = facts.revisions.get(this.#cohort);
    if (revision === this.#revision) return new Set();
    this.#revision = revision;
    this.histories = facts.truthOf(this.#cohort).filter((history) => oracle.objectsFor(history.type).length > 0);
    const changed = new Set(this.histories.filter((history) => this.#news(history).length > 0));
    for (const row of facts.crmOf(this.#cohort)) {
      const field = oracle.object(row.type)?.key;
      for (const key of new Set(this.#news(row).map(({ image }) => `${row.type} ${field && image?.[field]}`))) {
        const rows = this.#rows.get(key) ?? [];
        if (!rows.includes(row)) this.#rows.set(key, [...rows, row]);
        for (const history of this.#asked.get(key) ?? []) changed.add(history);
      }
    }
    return changed;
  }

  // Its newest versions, and the one before them, which may have carried another key.
  #news<T>(history: History<T>): History<T>['versions'] {
    const known = this.#known.get(history) ?? 0;
    this.#known.set(history, history.versions.length);
    return known === history.versions.length ? [] : history.versions.slice(Math.max(0, known - 1));
  }

  /** When each version of a record was first shown, in itself or by a later one; shorter where the last ones never were. */
  seen(history: History<Resource>, end: number): { at: number; outcome: Outcome }[] {
    const found: { at: number; outcome: Outcome }[] = [];
    for (const at of this.#instants(history)) {
      if (at > end || found.length === history.versions.length) break;
      // The newest first: who shows a later version has no need to show those before.
      for (let i = history.versions.length - 1; i >= found.length; i--) {
        if (history.versions[i]!.at > at || !this.shows(history, i, at)) continue;
        while (found.length < i) found.push({ at, outcome: 'superseded' });
        found.push({ at, outcome: history.versions[i]!.at === at ? 'unchanged' : 'visible' });
      }
    }
    return found;
  }

  /** Whether all rows of a record are, at a moment, as the map asks for its i-th version. */
  shows(history: History<Resource>, i: number, at = Number.POSITIVE_INFINITY): boolean {
    const { oracle } = this.#evidence;
    const truth = { ...history, versions: history.versions.slice(0, i + 1) };
    const expected = oracle.expect(truth, this.#evidence.truthContext(history, at));
    for (const { object, key } of expected) {
      const name = `${object.object} ${key}`;
      this.#asked.set(name, (this.#asked.get(name) ?? new Set()).add(history));
    }
    return expected.every((one) => this.#fits(one, at));
  }

  #fits({ object, key, keyField, create, fields }: ExpectedRecord, at: number): boolean {
    const { oracle } = this.#evidence;
    const rows = this.#rows.get(`${object.object} ${key}`) ?? [];
    const images = rows.flatMap((row) => {
      const image = imageAt(row, at);
      return image?.[keyField] === key ? [{ image, tenant: row.tenant }] : [];
    });
    if (!create) return images.every(({ image }) => !oracle.live(object.object, image));
    const right = ({ image, tenant }: (typeof images)[number]): boolean =>
      Object.entries(fields).every(
        ([field, wanted]) => oracle.judge(wanted, image?.[field], (id) => this.#keyOfRow(tenant, id, at)).ok,
      );
    // Where there are two, somebody reads the one that is stale.
    return images.length > 0 && images.every(right);
  }

  #keyOfRow(tenant: string, id: string, at: number): string | undefined {
    const { facts, oracle } = this.#evidence;
    for (const { object, key } of oracle.map.objects) {
      const image = imageAt(facts.crm.get(`crm/${tenant}/${object}/${id}`), at);
      if (image) return image[key] as string | undefined;
    }
    return undefined;
  }

  // Moments at which a record can come to be shown: its own commits, changes of its rows, and of rows that those refer to.
  #instants(history: History<Resource>): number[] {
    const { facts, oracle } = this.#evidence;
    const instants = new Set(history.versions.map((version) => version.at));
    for (const { object, key } of oracle.expect(history)) {
      const lookups = oracle.rowsFor(object.object).filter((row) => row.transform === 'parent');
      for (const row of this.#rows.get(`${object.object} ${key}`) ?? []) {
        for (const { at, image } of row.versions) {
          instants.add(at);
          for (const id of lookups.map(({ field }) => image?.[field]))
            for (const parent of oracle.map.objects)
              for (const version of facts.crm.get(`crm/${row.tenant}/${parent.object}/${id}`)?.versions ?? [])
                instants.add(version.at);
        }
      }
    }
    return [...instants].sort((a, b) => a - b);
  }
}

/** A percentile: `atLeast` where it falls among changes that were never seen, so that the true value is larger. */
export interface Quantile {
  micros: number;
  atLeast?: true;
}

export interface LatencySummary {
  /** Changes that had to show; the percentiles are of all of them. */
  samples: number;
  superseded: number;
  never: number;
  /** Not among the samples. */
  unchanged: number;
  p50?: Quantile;
  p95?: Quantile;
  p99?: Quantile;
  max?: Quantile;
}

/** Percentiles by nearest rank over every sample; the superseded count with the time until a later version showed. */
export function summarise(samples: readonly Pick<Sample, 'outcome' | 'micros'>[]): LatencySummary {
  const count = (outcome: Outcome): number => samples.filter((sample) => sample.outcome === outcome).length;
  const seen = samples.filter(({ outcome }) => outcome === 'visible' || outcome === 'superseded').map(({ micros }) => micros);
  const censored = samples.filter(({ outcome }) => outcome === 'never').map(({ micros }) => micros);
  const ascending = (a: number, b: number): number => a - b;
  // Nobody knows how long the unseen would have taken: they stand behind all others.
  const ranked: Quantile[] = [
    ...seen.sort(ascending).map((micros) => ({ micros })),
    ...censored.sort(ascending).map((micros) => ({ micros, atLeast: true as const })),
  ];
  const at = (share: number): Quantile | undefined => ranked[Math.max(0, Math.ceil(share * ranked.length) - 1)];
  return {
    samples: ranked.length,
    superseded: count('superseded'),
    never: count('never'),
    unchanged: count('unchanged'),
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: ranked.at(-1),
  };
}

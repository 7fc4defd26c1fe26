import type { Change, Fact, Fields, Link, ObjectName, Stamp } from '../model.ts';
import { isRetryable } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Context } from '../sync.ts';
import type { Fhir, Resource } from './client.ts';
import { isInError } from './clinical-map.ts';
import type { Allergy, Clinical, Condition, Encounter, Observation, ServiceRequest } from './clinical-types.ts';
import { lastUpdated } from './facts.ts';

/**
 * A patient's clinical chart, over all pages; undefined where there is none. What is clinical is recorded at a visit: a chart
 * without one is asked for nothing more, which for most patients of most passes is one call in place of five.
 */
export async function clinicalChart(fhir: Fhir, patientId: string): Promise<Clinical | undefined> {
  const of = `patient=${encodeURIComponent(patientId)}`;
  // Not every hospital serves every resource: one that it refuses is no reason to go without the others.
  const list = <T extends Resource>(type: string, more = ''): Promise<T[] | undefined> =>
    fhir.search<T>(`${type}?${of}${more}`, type).catch((error: unknown) => {
      if (isRetryable(error)) throw error;
      return undefined;
    });
  const encounters = await list<Encounter>('Encounter');
  if (!encounters?.length) return undefined;
  const [conditions, labs, vitals, orders, allergies] = await Promise.all([
    list<Condition>('Condition'),
    list<Observation>('Observation', '&category=laboratory'),
    list<Observation>('Observation', '&category=vital-signs'),
    list<ServiceRequest>('ServiceRequest'),
    list<Allergy>('AllergyIntolerance'),
  ]);
  return { encounters, conditions, observations: labs && vitals && [...labs, ...vitals], orders, allergies };
}

/** Several charts of one person as one. A list that the hospital refuses for one of them is none: half of it would take the other half back. */
export function together(charts: readonly Clinical[]): Clinical | undefined {
  const joined = <T>(list: (chart: Clinical) => T[] | undefined): T[] | undefined =>
    charts.some((chart) => !list(chart)) ? undefined : charts.flatMap((chart) => list(chart) ?? []);
  if (charts.length === 0) return undefined;
  return {
    encounters: charts.flatMap(({ encounters }) => encounters),
    conditions: joined(({ conditions }) => conditions),
    observations: joined(({ observations }) => observations),
    orders: joined(({ orders }) => orders),
    allergies: joined(({ allergies }) => allergies),
  };
}

/** What a clinical chart says: flags and dates of the contact, and a row for each referral, allergy and abnormal reading. */
export function clinicalFacts(
  { steps, store, machine, setAside }: Context,
  site: Site,
  person: string,
  chart: Clinical,
  stamp: Stamp,
): Fact[] {
  const valid = <T extends Parameters<typeof isInError>[0]>(list: T[] | undefined): T[] | undefined =>
    list?.filter((one) => !isInError(one));
  const [conditions, observations] = [valid(chart.conditions), valid(chart.observations)];
  const summary: Change = {
    ...{ object: 'Contact', key: person, person, stamp, seed: {} },
    isSummary: true,
    fields: {
      ...steps.mapVisits(chart.encounters, site, steps),
      ...(conditions && steps.mapProblems(conditions, observations ?? [], machine.now(), steps)),
      ...(observations && steps.mapWeight(observations, steps)),
    },
  };
  for (const [name, list] of Object.entries(chart)) if (!list) setAside(site.name, name, `this hospital serves no ${name}`);
  const rows = <T extends { id: string } & Parameters<typeof isInError>[0]>(
    object: ObjectName,
    list: T[] | undefined,
    map: (one: T) => Fields,
  ): Change[] => {
    const key = (id: string): string => `${site.authority}|${id}`;
    const wanted = valid(list) ?? [];
    const isGone = (link: Link) => link.object === object && !wanted.some(({ id }) => key(id) === link.key);
    return [
      ...wanted.map((one) => ({
        key: key(one.id),
        fields: { ...map(one), IsDeleted: false },
        updatedAt: lastUpdated([one]),
      })),
      // The list is the whole list: what was on it and is not any more was taken back.
      ...(list ? store.recordsOf(person).filter(isGone) : []).map((link) => ({ key: link.key, fields: { IsDeleted: true } })),
    ].map((one) => ({ ...one, object, person, stamp, seed: {} }));
  };
  const orders = chart.orders?.filter(({ intent }) => intent === 'order');
  return [
    summary,
    ...rows('Referral__c', orders, (order) => steps.mapReferral(order, site, steps)),
    ...rows('Allergy__c', chart.allergies, (allergy) => steps.mapAllergy(allergy, steps)),
    ...rows('Finding__c', observations?.filter(steps.isFinding), (reading) => steps.mapFinding(reading)),
  ];
}

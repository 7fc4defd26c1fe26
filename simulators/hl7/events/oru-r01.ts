import type { DiagnosticReport, Observation } from '@medplum/fhirtypes';
import type { JournalEvent } from '#kernel';
import type { People } from '../people.ts';
import { pid } from '../segments/pid.ts';
import { idIn } from '../segments/place.ts';
import { obr, observed } from '../segments/results.ts';
import { defineTrigger, images, personIn, type Subject } from './trigger.ts';

// A report with its observations is one message; so is an observation that no report of the commit names.
function eachResult(event: JournalEvent, people: People): (Subject | string)[] {
  const observations = images<Observation>(event, 'Observation');
  const named = new Set<string>();
  const reports = images<DiagnosticReport>(event, 'DiagnosticReport').map(({ ref, after }) => {
    const ids = (after.result ?? []).map((each) => idIn(each, 'Observation') ?? '');
    const own = observations.filter((each) => ids.includes(each.ref.id));
    const contained = (after.contained ?? []).filter((each): each is Observation => each.resourceType === 'Observation');
    for (const each of own) named.add(each.ref.id);
    return {
      about: after,
      report: after,
      observations: [...own.map((each) => each.after), ...contained],
      refs: [ref, ...own.map((o) => o.ref)],
    };
  });
  const alone = observations
    .filter(({ ref }) => !named.has(ref.id))
    .map(({ ref, after }) => ({ about: after, report: undefined, observations: [after], refs: [ref] }));
  return [...reports, ...alone].map(({ about, report, observations: parts, refs }): Subject | string => {
    const id = personIn(about);
    const known = id ? people.get(id) : undefined;
    if (!known) return id ? `Patient/${id} is unknown to this link` : `the ${about.resourceType} has no patient`;
    return { patient: known.patient, held: [], report, observations: parts, records: refs };
  });
}

export const oruR01 = defineTrigger({
  message: 'ORU^R01',
  structure: 'ORU_R01',
  acts: ['result'],
  doc: 'Results came, or changed: OBR-25 and OBX-11 say whether they are preliminary, final or corrected.',
  subjects: eachResult,
  segments: (facts, { patient, report, observations = [] }) => [
    pid(facts, patient),
    obr(facts, report ?? observations[0]!),
    ...observed(facts, observations),
  ],
});

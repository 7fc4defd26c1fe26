import type { Appointment, AppointmentParticipant, Extension, Reference, Schedule, Slot } from '@medplum/fhirtypes';
import type { Resource, Stored } from '../../engine/resource.ts';
import type { SiteFacts } from '../vendor.ts';

/** Where Oracle Health's own extensions are defined. */
export const EXTENSIONS = 'https://fhir-ehr.cerner.com/r4/StructureDefinition/';

// Body fields by page (lib/resources/r4/*.yaml of cerner/fhir.cerner.com): `*` marks those that must be there, a
// trailing `[x]` any type. "Body contained unsupported fields" is refused; what a read shows beside them is passed over.
const FIELDS: Readonly<Record<string, string>> = {
  Patient:
    'identifier* name* active telecom gender birthDate address maritalStatus communication generalPractitioner extension contact',
  AllergyIntolerance:
    'contained clinicalStatus* verificationStatus type category criticality code* patient* encounter onset[x] asserter note reaction',
  Appointment: 'status* serviceType reasonCode slot participant* comment requestedPeriod',
  Communication: 'status* category* priority subject topic encounter recipient* sender* payload* extension',
  Condition: 'clinicalStatus* verificationStatus category* severity code* subject* encounter onset[x] abatement[x] note',
  Coverage: 'extension status* subscriber* subscriberId beneficiary* dependent relationship period payor* class contained',
  DocumentReference: 'status* docStatus* type* subject* author* authenticator content* context*',
  Encounter:
    'identifier status* class type* priority subject* participant period reasonCode hospitalization serviceProvider* location* extension contained',
  Immunization:
    'status* statusReason vaccineCode* patient* encounter occurrence[x]* reportOrigin manufacturer lotNumber expirationDate site route doseQuantity performer note primarySource',
  MedicationRequest:
    'status* intent* doNotPerform reported[x]* medication[x]* subject* encounter note dosageInstruction dispenseRequest substitution contained category',
  Observation:
    'identifier status* category* code* subject* encounter effective[x]* issued performer value[x] dataAbsentReason interpretation note referenceRange component',
  Organization: 'identifier active name* type',
  Practitioner: 'name* identifier active',
  Provenance: 'target* recorded* agent* entity',
  RelatedPerson: 'extension relationship* patient* name* identifier address telecom active gender birthDate communication',
};
const SHOWN = ['resourceType', 'id', 'meta', 'text'];

interface Field {
  name: string;
  required: boolean;
  any: boolean;
}
const fieldsOf = (type: string): Field[] | undefined =>
  FIELDS[type]?.split(/\s+/).map((text) => {
    const bare = text.replace('*', '');
    return { name: bare.replace('[x]', ''), required: text.endsWith('*'), any: bare.endsWith('[x]') };
  });

const CLASSES: Readonly<Record<string, string>> = { I: 'IMP', E: 'EMER', O: 'AMB' };

/** "Direct writing of class is not supported. This field will be inferred on a write." (Encounter page); from its type. */
export function infer(resource: Resource): Resource {
  if (resource.resourceType !== 'Encounter' || resource.class !== undefined) return resource;
  const { type = [] } = resource as { type?: { coding?: { code?: string }[] }[] };
  const codes = (Array.isArray(type) ? type : []).flatMap((one) => one?.coding ?? []).map((coding) => coding?.code ?? '');
  const code = codes.map((one) => CLASSES[one]).find((one) => one !== undefined) ?? 'AMB';
  return { ...resource, class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code } };
}

// "Not required for Public Healthcare Writes": those name the category by which the state is charged.
const isPublic = ({ resourceType, class: classes }: Resource): boolean =>
  resourceType === 'Coverage' && JSON.stringify(classes ?? '').includes('Charging Category');

/** What is filed of a create or an update, or a refusal; a patch was checked before it was applied. */
export function onWrite(resource: Resource, before: Stored | undefined, site: SiteFacts): Resource {
  const type = resource.resourceType;
  for (const name of ['implicitRules', 'modifierExtension'])
    if (resource[name] !== undefined) site.reject('invariant', { diagnostics: `${name} is not supported`, expression: name });
  const patched = before !== undefined && type in PATCHED;
  const kept = patched ? resource : onlyFields(resource, fieldsOf(type), site);
  if (type === 'Appointment') return appointment(kept, before, site);
  return kept;
}
// Types whose updates are patches.
const PATCHED: Readonly<Record<string, true>> = {
  Patient: true,
  Appointment: true,
  Communication: true,
  Coverage: true,
  Encounter: true,
  MedicationRequest: true,
  RelatedPerson: true,
  Slot: true,
};

function onlyFields(resource: Resource, fields: readonly Field[] | undefined, site: SiteFacts): Resource {
  if (!fields) return resource;
  const { resourceType: type } = resource;
  const covers = ({ name, any }: Field, element: string): boolean =>
    element === name || (any && element.startsWith(name) && /^[A-Z]/.test(element.slice(name.length)));
  const known = (element: string): boolean =>
    SHOWN.includes(element) || fields.some((field) => covers(field, element.replace(/^_/, '')));
  const strange = Object.keys(resource).filter((element) => !known(element));
  // "Unsupported fields are ignored" is said of Patient alone.
  if (strange.length > 0 && type !== 'Patient')
    site.rejectWith(
      'invariant',
      strange.map((element) => ({
        error: 'invariant',
        expression: element,
        diagnostics: `Body contained unsupported fields: ${element}`,
      })),
    );
  const excused = (name: string): boolean => name === 'subscriber' && isPublic(resource);
  const lacking = fields.find(
    (field) => field.required && !excused(field.name) && !Object.keys(resource).some((element) => covers(field, element)),
  );
  if (lacking) site.reject('required', { expression: lacking.name, diagnostics: `${lacking.name} is required` });
  return Object.fromEntries(Object.entries(resource).filter(([element]) => known(element))) as Resource;
}

const refersTo = (type: string, { actor }: AppointmentParticipant): boolean => actor?.reference?.includes(`${type}/`) ?? false;

function appointment(resource: Resource, before: Stored | undefined, site: SiteFacts): Resource {
  const asked = resource as unknown as Appointment;
  if (!before) checkNew(asked, site);
  const slot = asked.slot?.[0]?.reference;
  const had = (before as unknown as Appointment | undefined)?.slot?.[0]?.reference;
  return slot === undefined || slot === had ? resource : ({ ...asked, ...inSlot(asked, slot, site) } as unknown as Resource);
}

// "Create" of the Appointment page.
function checkNew(asked: Appointment, site: SiteFacts): void {
  const must = (holds: boolean, expression: string, diagnostics: string): void => {
    if (!holds) site.reject('invariant', { expression, diagnostics });
  };
  const { status, participant, slot = [], serviceType = [], requestedPeriod = [], reasonCode } = asked;
  const patients = participant.filter((one) => refersTo('Patient', one));
  must(status === 'proposed' || status === 'booked', 'status', 'status must be proposed or booked');
  must(
    participant.every(({ type }) => type === undefined),
    'participant',
    'participant.type must not be set',
  );
  must(reasonCode === undefined || reasonCode.length === 1, 'reasonCode', 'reasonCode must contain exactly one CodeableConcept');
  must(patients.length === 1, 'participant', 'participant must contain exactly one Patient');
  if (status === 'booked') {
    must(slot.length === 1, 'slot', 'slot must contain exactly one reference to a Slot');
    must(participant.length === 1, 'participant', 'participant.actor must be a reference to a Patient');
    must(participant[0]!.status === 'accepted', 'participant', 'participant.status must be accepted');
    return;
  }
  const places = participant.filter((one) => refersTo('Location', one));
  const [period] = requestedPeriod;
  must(serviceType.length === 1, 'serviceType', 'serviceType must contain exactly one CodeableConcept');
  must(
    places.length > 0 && places.length + 1 === participant.length,
    'participant',
    'participant must contain at least one Location',
  );
  must(
    participant.every((one) => one.status === 'needs-action'),
    'participant',
    'participant.status must be needs-action',
  );
  must(
    requestedPeriod.length === 1 && period?.start !== undefined && period.end !== undefined,
    'requestedPeriod',
    'requestedPeriod must contain exactly one Period with start and end',
  );
}

const slotOf = (reference: string, site: SiteFacts): (Slot & Stored) | undefined =>
  site.find('Slot', { _id: reference.replace(/^.*\//, '') })[0] as (Slot & Stored) | undefined;

// The slot says when, where, with whom and what for.
function inSlot(asked: Appointment, reference: string, site: SiteFacts): Partial<Appointment> {
  const slot = slotOf(reference, site);
  if (!slot) return site.reject('reference-not-found', { expression: 'slot', diagnostics: `${reference} does not exist` });
  if (slot.status !== 'free' && slot.status !== 'busy-tentative')
    site.reject('conflict', { expression: 'slot', diagnostics: 'The slot is not available.' });
  const [schedule] = site.find('Schedule', {
    _id: String(slot.schedule.reference).replace(/^.*\//, ''),
  }) as unknown as Schedule[];
  const place = (slot.extension as Extension[] | undefined)?.find(({ url }) => url === `${EXTENSIONS}scheduling-location`);
  const staff = (schedule?.actor ?? []).filter(({ reference: actor }) => /(^|\/)(Practitioner|Location)\//.test(actor ?? ''));
  const actors = [...staff, ...(place?.valueReference ? [place.valueReference] : [])].filter(
    ({ reference: actor }, i, all) => all.findIndex((one) => one.reference === actor) === i,
  );
  const type = slot.serviceType ?? asked.serviceType;
  const minutes = Math.round((Date.parse(slot.end) - Date.parse(slot.start)) / 60_000);
  return {
    status: asked.status === 'proposed' ? 'booked' : asked.status,
    start: slot.start,
    end: slot.end,
    ...(minutes > 0 ? { minutesDuration: minutes } : {}),
    ...(type ? { serviceType: type } : {}),
    participant: [
      ...asked.participant.filter((one) => refersTo('Patient', one)).map((one) => ({ ...one, status: 'accepted' as const })),
      ...actors.map((actor) => ({ actor: shown(actor, site), required: 'required' as const, status: 'accepted' as const })),
    ],
  };
}

function shown(actor: Reference, site: SiteFacts): AppointmentParticipant['actor'] {
  const [type = '', id = ''] = String(actor.reference).split('/').slice(-2);
  const [found] = site.find(type, { _id: id }) as unknown as { name?: string | { given?: string[]; family?: string }[] }[];
  const [person] = Array.isArray(found?.name) ? found.name : [];
  const display =
    typeof found?.name === 'string' ? found.name : person && `${person.given?.[0] ?? ''} ${person.family ?? ''}`.trim();
  return { reference: actor.reference, ...(display ? { display } : {}) } as AppointmentParticipant['actor'];
}

/** A slot is busy as long as a booked appointment stands in it; one that moves or is cancelled frees it. */
export function alongside(after: Resource, before: Stored | undefined, site: SiteFacts): Stored[] {
  if (after.resourceType !== 'Appointment') return [];
  const held = (one: Resource | undefined): string | undefined =>
    one && one.status !== 'cancelled' ? ((one as unknown as Appointment).slot?.[0]?.reference ?? undefined) : undefined;
  const [had, has] = [held(before), held(after)];
  if (had === has) return [];
  const set = (reference: string | undefined, status: Slot['status']): Stored[] => {
    const slot = reference === undefined ? undefined : slotOf(reference, site);
    return slot ? [{ ...slot, status } as Stored] : [];
  };
  return [...set(had, 'free'), ...set(has, 'busy')];
}

// Lists whose items a patch names by id, and what stands before the number.
const NAMED: Readonly<Record<string, readonly string[]>> = {
  Patient: ['identifier', 'name', 'telecom', 'address', 'generalPractitioner'],
  RelatedPerson: ['identifier', 'name', 'telecom', 'address', 'relationship'],
};
const KINDS: Readonly<Record<string, string>> = { phone: 'PH-', fax: 'PH-', sms: 'PH-', pager: 'PH-', email: 'EM-' };

/** Items of the lists get ids, such as `CI-PH-29811920-0`; those that have one keep it. */
export function settle(resource: Resource, id: string): Resource {
  const named = NAMED[resource.resourceType]?.filter((list) => Array.isArray(resource[list]));
  if (!named?.length) return resource;
  return { ...resource, ...Object.fromEntries(named.map((list) => [list, withIds(resource[list] as Item[], id)])) };
}

interface Item {
  id?: string;
  system?: string;
}
function withIds(items: readonly Item[], id: string): Item[] {
  let next = Math.max(-1, ...items.map((item) => Number(/-(\d+)$/.exec(item.id ?? '')?.[1] ?? -1))) + 1;
  return items.map((item) =>
    item.id === undefined ? { id: `CI-${KINDS[item.system ?? ''] ?? ''}${id}-${next++}`, ...item } : item,
  );
}

const ABSENT = [{ extension: [{ valueCode: 'unknown', url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason' }] }];

/** A combined patient is read as a stub that names the one who is left. */
export function onShow(type: string, text: string): string {
  if (type !== 'Patient' || !text.includes('"replaced-by"')) return text;
  const { resourceType, id, meta, link } = JSON.parse(text) as Stored & { link: { other: Reference; type: string }[] };
  const to = link.filter((one) => one.type === 'replaced-by');
  const stub = { resourceType, id, meta: { versionId: meta.versionId }, identifier: ABSENT, active: false, name: ABSENT };
  return JSON.stringify({ ...stub, _gender: ABSENT[0], link: to });
}

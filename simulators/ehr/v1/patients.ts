import type { Reply } from '#kernel';
import type { Stored } from '../engine/resource.ts';
import { seen } from '../engine/seen.ts';
import { numberOf } from '../vendors/athena/ids.ts';
import { commit, found, json, matching, need, paged, refsTo, refuseV1, seenOne, type V1Call } from './call.ts';
import { isoDate } from './dates.ts';
import { departmentOf, showPatient, withForm } from './patient-fields.ts';

// v1 parameter by FHIR search parameter.
const SEARCH: Readonly<Record<string, string>> = {
  firstname: 'given',
  lastname: 'family',
  dob: 'birthdate',
  email: 'email',
  mobilephone: 'phone',
  homephone: 'phone',
  workphone: 'phone',
  anyphone: 'phone',
  zip: 'address-postalcode',
};

/** GET /patients: some search field is needed. */
export async function searchPatients(call: V1Call): Promise<Reply> {
  const { params, site, context } = call;
  const criteria = Object.entries(SEARCH).flatMap(([name, parameter]) => {
    const value = params.get(name)?.trim();
    return value ? [[parameter, name === 'dob' ? isoDate(value, name) : value] as const] : [];
  });
  const number = params.get('patientid');
  if (criteria.length === 0 && !number)
    refuseV1(400, 'Additional fields are required.', { missingfields: ['firstname', 'lastname'] });
  const department = params.get('departmentid');
  const page = () => {
    const one = found(call, 'Patient', number);
    const all = number ? (one ? [one] : []) : matching(call, 'Patient', Object.fromEntries(criteria));
    // Where everybody may be seen, a department narrows by where people are registered.
    const kept = department ? all.filter((patient) => [department, undefined].includes(departmentOf(patient))) : all;
    return paged(call, 'patients', kept, (patient) => showPatient(patient));
  };
  const { rows, body } = await seen(site, context, page, (shown) => refsTo(site, shown.rows));
  return { ...json(200, body), served: refsTo(site, rows) };
}

/** GET /patients/{id}: an array of one. */
export async function readPatient(call: V1Call): Promise<Reply> {
  const patient = await seenOne(call, () => known(call));
  return { ...json(200, [showPatient(patient, call.params.get('departmentid'))]), served: refsTo(call.site, [patient]) };
}

const CONTACTS = ['email', 'guarantoremail', 'ssn', 'homephone', 'mobilephone', 'workphone', 'zip'];

/** POST /patients: registers, or finds who is there already and does not say so. */
export async function createPatient(call: V1Call): Promise<Reply> {
  const { params, site } = call;
  need(call, 'lastname', 'firstname', 'dob', 'departmentid');
  if (!CONTACTS.some((name) => params.get(name))) refuseV1(400, 'Additional fields are required.', { missingfields: CONTACTS });
  knownDepartment(call);
  if (params.get('bypasspatientmatching') !== 'true') {
    const twin = sameAs(call);
    if (twin) return { ...json(200, [{ patientid: numberOf(twin.id), errormessage: '' }]), served: refsTo(site, [twin]) };
  }
  const resource = withForm({ resourceType: 'Patient', active: true }, params, site.tenant);
  const { identifier, ...rest } = resource;
  const [made] = await commit(call, 'register', [
    { op: 'create', type: 'Patient', resource: identifier ? { ...rest, identifier } : rest },
  ]);
  return json(200, [{ patientid: numberOf(made!.id), errormessage: '' }]);
}

/** PUT /patients/{id}: what the form names; the last one to write wins. */
export async function updatePatient(call: V1Call): Promise<Reply> {
  const before = known(call);
  knownDepartment(call);
  const { id: _id, meta: _meta, ...resource } = before;
  const after = withForm(resource, call.params, call.site.tenant);
  if (JSON.stringify(after) !== JSON.stringify(resource))
    await commit(call, 'update', [{ op: 'update', type: 'Patient', id: before.id, resource: after }]);
  return json(200, [{ patientid: numberOf(before.id) }]);
}

function known(call: V1Call): Stored {
  return found(call, 'Patient', call.context.request.params.id) ?? refuseV1(404, 'The patient could not be found.');
}

function knownDepartment(call: V1Call): void {
  for (const name of ['departmentid', 'primarydepartmentid']) {
    const number = call.params.get(name);
    if (number && !found(call, 'Location', number))
      refuseV1(400, 'Invalid departmentid.', { detailedmessage: `There is no department ${number}.` });
  }
}

// Same first and last name and birthday.
function sameAs(call: V1Call): Stored | undefined {
  const { params } = call;
  const [first, last] = ['firstname', 'lastname'].map((name) => params.get(name)!.trim().toLowerCase());
  return matching(call, 'Patient', { family: last!, birthdate: isoDate(params.get('dob')!, 'dob') }).find((patient) => {
    const shown = showPatient(patient);
    return (
      String(shown.lastname).toLowerCase() === last &&
      String(shown.firstname).toLowerCase() === first &&
      shown.status !== 'deleted'
    );
  });
}

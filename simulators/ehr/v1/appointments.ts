import type { Appointment, AppointmentParticipant } from '@medplum/fhirtypes';
import type { Reply } from '#kernel';
import type { ChangeRequest } from '../engine/changes.ts';
import { instantOf } from '../engine/local-time.ts';
import type { Resource, Stored } from '../engine/resource.ts';
import { seen } from '../engine/seen.ts';
import { idOf, numberOf } from '../vendors/athena/ids.ts';
import { isOpen, participantOf, showAppointment } from './appointment-fields.ts';
import { commit, found, json, matching, need, paged, refsTo, refuseV1, seenOne, type V1Call } from './call.ts';
import { isoDate } from './dates.ts';

const DAY = 86_400_000;
const TYPES = 'https://fhir.athena.io/sid/appointment-type';

async function list(call: V1Call, find: () => Stored[]): Promise<Reply> {
  const { site, context } = call;
  const zone = site.store.zone;
  const page = () => paged(call, 'appointments', find(), (one) => showAppointment(one, zone));
  const { rows, body } = await seen(site, context, page, (found) => refsTo(site, found.rows));
  return { ...json(200, body), served: refsTo(site, rows) };
}

// Those that begin between two days of the practice, both included, in order of their time.
function between(call: V1Call, from: string, to: string): Stored[] {
  const { zone } = call.site.store;
  const start = instantOf(isoDate(from, 'startdate'), '00:00', zone);
  const end = instantOf(
    new Date(Date.parse(`${isoDate(to, 'enddate')}T00:00:00Z`) + DAY).toISOString().slice(0, 10),
    '00:00',
    zone,
  );
  const days = [start - DAY, end + DAY].map((ms) => new Date(ms).toISOString().slice(0, 10));
  const at = (one: Stored): number => Date.parse(String(one.start));
  return inDays(call, days[0]!, days[1]!)
    .filter((one) => at(one) >= start && at(one) < end)
    .sort((a, b) => at(a) - at(b));
}

// The lower bound is the index's; the upper one is looked at here.
const inDays = (call: V1Call, from: string, to: string): Stored[] =>
  matching(call, 'Appointment', { date: `ge${from}` }).filter((one) => String(one.start).slice(0, 10) <= to);

/** GET /appointments/booked (and …/multipledepartment): by departments and days. */
export async function bookedAppointments(call: V1Call): Promise<Reply> {
  const { params } = call;
  need(call, 'startdate', 'enddate', 'departmentid');
  const departments = params.getAll('departmentid').flatMap((one) => one.split(','));
  const wanted = (name: string, type: string) => (one: Stored) =>
    !params.get(name) ||
    params
      .get(name)!
      .split(',')
      .includes(participantOf(one, type) ?? '');
  const find = () =>
    between(call, params.get('startdate')!, params.get('enddate')!)
      .filter((one) => !isOpen(one))
      .filter((one) => departments.includes(participantOf(one, 'Location') ?? ''))
      .filter(wanted('providerid', 'Practitioner'))
      .filter(wanted('patientid', 'Patient'))
      .filter(
        (one) =>
          params.get('showcancelled') === 'true' || !['cancelled', 'noshow', 'entered-in-error'].includes(String(one.status)),
      );
  return list(call, find);
}

/** GET /appointments/open: free places; without a reason or type there are none. */
export async function openAppointments(call: V1Call): Promise<Reply> {
  const { params, site } = call;
  need(call, 'departmentid');
  const [reason, type] = [params.get('reasonid'), params.get('appointmenttypeid')];
  if (!reason && !type) return list(call, () => []);
  // -1: whatever patients may book themselves.
  if (reason && reason !== '-1') need(call, 'providerid');
  const today = new Date(site.kernel.clock.now())
    .toISOString()
    .slice(0, 10)
    .replace(/^(\d+)-(\d+)-(\d+)$/, '$2/$3/$1');
  const from = params.get('startdate') ?? today;
  const week = new Date(Date.parse(isoDate(from, 'startdate')) + 7 * DAY)
    .toISOString()
    .slice(0, 10)
    .replace(/^(\d+)-(\d+)-(\d+)$/, '$2/$3/$1');
  const find = () =>
    between(call, from, params.get('enddate') ?? week)
      .filter(isOpen)
      .filter((one) => participantOf(one, 'Location') === params.get('departmentid'))
      .filter((one) => !params.get('providerid') || participantOf(one, 'Practitioner') === params.get('providerid'))
      .filter((one) => !type || showAppointment(one, site.store.zone).appointmenttypeid === type);
  return list(call, find);
}

/** GET /appointments/{id}: an array of one. */
export async function readAppointment(call: V1Call): Promise<Reply> {
  return show(call, await seenOne(call, () => known(call)));
}

async function shown(call: V1Call, appointment: Stored): Promise<Reply> {
  await call.context.reading(refsTo(call.site, [appointment]));
  return show(call, appointment);
}

function show({ site }: V1Call, appointment: Stored): Reply {
  return { ...json(200, [showAppointment(appointment, site.store.zone)]), served: refsTo(site, [appointment]) };
}

/** POST /appointments/open: adds free places on a day. */
export async function addOpen(call: V1Call): Promise<Reply> {
  const { params, site } = call;
  need(call, 'departmentid', 'providerid', 'appointmentdate', 'appointmenttime');
  if (!params.get('appointmenttypeid') && !params.get('reasonid')) need(call, 'appointmenttypeid');
  const day = isoDate(params.get('appointmentdate')!, 'appointmentdate');
  const times = params
    .get('appointmenttime')!
    .split(',')
    .map((time) => time.trim());
  if (times.some((time) => !/^([01]\d|2[0-3]):[0-5]\d$/.test(time))) refuseV1(400, 'Invalid value for appointmenttime.');
  const provider = found(call, 'Practitioner', params.get('providerid')) ?? refuseV1(400, 'Invalid providerid.');
  const location = found(call, 'Location', params.get('departmentid')) ?? refuseV1(400, 'Invalid departmentid.');
  const minutes = Number(params.get('duration') ?? 15);
  const changes = times.map((time): ChangeRequest => {
    const start = instantOf(day, time, site.store.zone);
    const resource: Resource = {
      resourceType: 'Appointment',
      status: 'proposed',
      appointmentType: typeOf(params),
      start: new Date(start).toISOString(),
      end: new Date(start + minutes * 60_000).toISOString(),
      minutesDuration: minutes,
      participant: [provider, location].map(({ resourceType, id }) => ({
        actor: { reference: `${resourceType}/${id}` },
        status: 'accepted',
      })),
    };
    return { op: 'create', type: 'Appointment', resource };
  });
  const made = await commit(call, 'open', changes);
  return json(200, { appointmentids: Object.fromEntries(made.map((one, i) => [numberOf(one.id), times[i]])) });
}

const typeOf = (params: URLSearchParams) => {
  const id = params.get('appointmenttypeid') ?? params.get('reasonid')!;
  return { coding: [{ system: TYPES, code: id }], text: params.get('appointmenttype') ?? `Type ${id}` };
};

/** PUT /appointments/{id}: books a free place. */
export async function bookAppointment(call: V1Call): Promise<Reply> {
  const { params } = call;
  need(call, 'patientid');
  if (!params.get('appointmenttypeid') && !params.get('reasonid')) need(call, 'appointmenttypeid');
  const place = free(known(call));
  const [after] = await commit(call, 'book', [booked(call, place)]);
  return shown(call, after!);
}

/** PUT /appointments/{id}/cancel */
export async function cancelAppointment(call: V1Call): Promise<Reply> {
  need(call, 'patientid');
  const before = held(call);
  const [after] = await commit(call, 'cancel', [cancelled(before, call.params.get('cancellationreason'))]);
  return json(200, { appointmentid: numberOf(after!.id), status: 'x' });
}

/** PUT /appointments/{id}/reschedule: answers with the new appointment. */
export async function rescheduleAppointment(call: V1Call): Promise<Reply> {
  need(call, 'patientid', 'newappointmentid');
  const before = held(call);
  const target =
    found(call, 'Appointment', call.params.get('newappointmentid')) ?? refuseV1(404, 'The new appointment could not be found.');
  const place = free(target);
  const type = (before as unknown as Appointment).appointmentType;
  const [after] = await commit(call, 'reschedule', [
    booked(call, place, type),
    cancelled(before, call.params.get('reschedulereason') ?? 'Rescheduled'),
  ]);
  return shown(call, after!);
}

/** POST /appointments/{id}/checkin and …/checkout */
export const move =
  (status: string, act: string, from: readonly string[]) =>
  async (call: V1Call): Promise<Reply> => {
    const before = known(call);
    if (!from.includes(String(before.status))) refuseV1(409, 'The appointment is not in a state that allows this.');
    await commit(call, act, [change(before, { status })]);
    return json(200, { success: true });
  };

const known = (call: V1Call): Stored =>
  found(call, 'Appointment', call.context.request.params.id) ?? refuseV1(404, 'The appointment could not be found.');

// The one that is written is the one that was looked at: two who book the same place do not both get it.
const change = (before: Stored, patch: Record<string, unknown>): ChangeRequest => ({
  op: 'update',
  type: 'Appointment',
  id: before.id,
  patch,
  ifVersion: Number(before.meta.versionId),
});

function free(place: Stored): Stored {
  if (!isOpen(place))
    refuseV1(409, 'The appointment is not available.', {
      detailedmessage: 'This appointment is already booked or no longer open.',
    });
  return place;
}

function held(call: V1Call): Stored {
  const before = known(call);
  if (before.status !== 'booked' && before.status !== 'pending')
    refuseV1(409, 'The appointment cannot be changed.', { detailedmessage: 'This appointment is not in a booked state.' });
  if (participantOf(before, 'Patient') !== call.params.get('patientid')) refuseV1(400, "The appointment is not this patient's.");
  return before;
}

function booked(call: V1Call, place: Stored, type?: Appointment['appointmentType']): ChangeRequest {
  const { params, site } = call;
  const patient = found(call, 'Patient', params.get('patientid')) ?? refuseV1(400, 'Invalid patientid.');
  const { participant = [] } = place as unknown as Appointment;
  const person: AppointmentParticipant = { actor: { reference: `Patient/${patient.id}` }, status: 'accepted' };
  const named = params.get('appointmenttypeid') || params.get('reasonid');
  return change(place, {
    status: 'booked',
    participant: [person, ...participant],
    created: new Date(site.kernel.clock.now()).toISOString(),
    ...(type ? { appointmentType: type } : named && !place.appointmentType ? { appointmentType: typeOf(params) } : {}),
    ...(params.get('bookingnote') ? { comment: params.get('bookingnote')! } : {}),
  });
}

const cancelled = (before: Stored, reason: string | null): ChangeRequest =>
  change(before, { status: 'cancelled', ...(reason ? { cancelationReason: { text: reason } } : {}) });

/** Departments and providers, whose numbers the others name. */
export const directory =
  (type: 'Location' | 'Practitioner', name: string, key: string) =>
  async (call: V1Call): Promise<Reply> => {
    const { site, context } = call;
    const number = context.request.params.id;
    const one = number === undefined ? undefined : site.store.read(type, idOf(site.tenant, type, number));
    if (number !== undefined && !one) refuseV1(404, `The ${key} could not be found.`);
    const show = (record: Stored) => {
      const { name: names, address } = record as {
        name?: unknown;
        address?: { city?: string; state?: string; line?: string[]; postalCode?: string };
      };
      const id = numberOf(record.id);
      if (type === 'Location')
        return {
          departmentid: id,
          name: names,
          address: address?.line?.[0],
          city: address?.city,
          state: address?.state,
          zip: address?.postalCode,
          timezonename: site.store.zone,
        };
      const [first] = (names ?? []) as { family?: string; given?: string[] }[];
      return {
        providerid: Number(id),
        lastname: first?.family,
        firstname: first?.given?.[0],
        displayname: `${first?.given?.[0]} ${first?.family}`,
      };
    };
    if (one) return json(200, [show(one)]);
    return json(200, paged(call, name, matching(call, type, {}), show).body);
  };

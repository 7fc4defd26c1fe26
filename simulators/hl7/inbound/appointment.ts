import type { Appointment, AppointmentParticipant, CodeableConcept, Patient } from '@medplum/fhirtypes';
import { Refusal } from '../message/ack.ts';
import { CLEARED } from '../message/build.ts';
import { type Message, rawField, value } from '../message/parse.ts';
import { parseTime } from '../message/time.ts';
import { patientOf } from '../segments/schedule.ts';
import { type Filer, type Filing, findPerson, type Intake } from './intake.ts';

/** What each event does to an appointment that there is. */
const EVENTS: Record<string, { act: string; status?: Appointment['status'] }> = {
  S13: { act: 'reschedule' },
  S14: { act: 'modify' },
  S15: { act: 'cancel', status: 'cancelled' },
  S26: { act: 'no-show', status: 'noshow' },
};

/** SCH-25 of a modification (HL7 table 0278) that is an act of its own. */
const STATES: Record<string, { act: string; status: Appointment['status'] }> = {
  STARTED: { act: 'arrive', status: 'arrived' },
  COMPLETE: { act: 'complete', status: 'fulfilled' },
};

/** SIU S12 to S15 and S26: what SCH and its resources say of an appointment. */
export const fileAppointment: Filer = async (message, intake) => {
  const event = value(message, 'MSH', 9, 2);
  const patient = await findPerson(message, intake);
  const known = await findAppointment(message, intake);
  if (event === 'S12') return book(message, intake, patient, known);
  if (!known) throw new Refusal('AE', 204, 'SCH^1^2', 'no appointment has this identifier');
  if (patientOf(known) !== patient.id) throw new Refusal('AE', 204, 'PID^1^3', 'the appointment is that of another patient');
  const said = STATES[value(message, 'SCH', 25).toUpperCase()];
  const { act, status } = (event === 'S14' && said?.status !== known.status ? said : undefined) ?? EVENTS[event]!;
  const patch = difference(known, {
    ...(event === 'S13' || event === 'S14' ? content(message, intake) : {}),
    ...(event === 'S13' ? needTimes(message, intake) : {}),
    ...(status ? { status } : {}),
    ...(event === 'S15' ? { cancelationReason: concept(message, 6) } : {}),
  });
  if (Object.keys(patch).length === 0) return undefined;
  return { act, cohort: cohortOf(intake, patient), changes: [{ op: 'update', type: 'Appointment', id: known.id!, patch }] };
};

function book(message: Message, intake: Intake, patient: Patient, known: Appointment | undefined): Filing | undefined {
  const times = needTimes(message, intake);
  if (known) {
    if (known.start === times.start && patientOf(known) === patient.id) return undefined;
    throw new Refusal('AE', 205, 'SCH^1^1', 'an appointment with this identifier is booked already');
  }
  const key = placerKey(message);
  if (!key) throw new Refusal('AE', 101, 'SCH^1^1', 'a booking needs the identifier of its placer');
  const resource: Appointment = {
    resourceType: 'Appointment',
    status: 'booked',
    ...times,
    ...content(message, intake),
    participant: [{ actor: { reference: `Patient/${patient.id}` }, status: 'accepted' }, ...participants(message)],
  };
  return {
    act: 'book',
    cohort: cohortOf(intake, patient),
    changes: [{ op: 'create', type: 'Appointment', resource }],
    after: ([made]) => intake.placers.set(key, made!.id!),
  };
}

const cohortOf = ({ people }: Intake, { id }: Patient): string | undefined => people.about(id!)?.cohort;

/** The placer's number is unique to its sender only. */
const placerKey = (message: Message): string | undefined => {
  const placer = value(message, 'SCH', 1);
  return placer && `${value(message, 'MSH', 3)}|${placer}`;
};

// By the hospital's own number, which every appointment has; else by that of the sender who booked it.
async function findAppointment(message: Message, { port, placers }: Intake): Promise<Appointment | undefined> {
  const filler = value(message, 'SCH', 2);
  const id = placers.get(placerKey(message) ?? '');
  if (filler) {
    const found = (await port.find('Appointment', { identifier: filler })) as Appointment[];
    return found.find(({ identifier }) => identifier?.some((each) => each.value === filler));
  }
  if (!id) return undefined;
  return ((await port.find('Appointment', { _id: id })) as Appointment[]).find((each) => each.id === id);
}

interface Times {
  start: string;
  end: string;
  minutesDuration: number;
}

// From SCH-11, as versions up to 2.4 have it, else from TQ1, else from AIS with the duration.
function times(message: Message, { facts }: Intake): Times | undefined {
  const read = (segment: string, n: number, c = 1): string | undefined => {
    const text = value(message, segment, n, c);
    if (!text) return undefined;
    const at = parseTime(text, facts.timeZone);
    if (!at) throw new Refusal('AE', 102, `${segment}^1^${n}`, 'this is not a time');
    return at;
  };
  const start = read('SCH', 11, 4) ?? read('TQ1', 7) ?? read('AIS', 4);
  if (!start) return undefined;
  const said = Number(value(message, 'SCH', 9) || value(message, 'AIS', 7) || 30);
  const end =
    read('SCH', 11, 5) ?? read('TQ1', 8) ?? new Date(Date.parse(start) + said * 60_000).toISOString().replace('.000Z', 'Z');
  const minutesDuration = (Date.parse(end) - Date.parse(start)) / 60_000;
  if (!(minutesDuration > 0)) throw new Refusal('AE', 102, 'SCH^1^11', 'the appointment ends before it begins');
  return { start, end, minutesDuration };
}

function needTimes(message: Message, intake: Intake): Times {
  const found = times(message, intake);
  if (!found) throw new Refusal('AE', 101, 'SCH^1^11', 'an appointment needs the time when it begins');
  return found;
}

function concept(message: Message, n: number): CodeableConcept | undefined {
  const [code, text] = [value(message, 'SCH', n), value(message, 'SCH', n, 2)];
  if (!code && !text) return undefined;
  return { ...(code ? { coding: [{ code, ...(text ? { display: text } : {}) }] } : {}), text: text || code };
}

/** What a message says beside the times; what it leaves empty it does not say. */
function content(message: Message, intake: Intake): Partial<Appointment> {
  const [type, reason] = [concept(message, 8), concept(message, 7)];
  return {
    ...(value(message, 'MSH', 9, 2) === 'S14' ? times(message, intake) : {}),
    ...(type ? { appointmentType: type } : {}),
    ...(reason ? { reasonCode: [reason] } : {}),
    ...noteOf(message),
  };
}

function noteOf(message: Message): { comment?: string } {
  const said = rawField(message, 'NTE', 3);
  if (!said) return {};
  if (said !== CLEARED) return { comment: value(message, 'NTE', 3) };
  // A patch takes null for "remove it"; what is only being booked has nothing to remove.
  return value(message, 'MSH', 9, 2) === 'S12' ? {} : { comment: null as never };
}

// A provider or a place that is named by an id of this hospital is referred to; one that is not is only shown.
function participants(message: Message): AppointmentParticipant[] {
  const shown = (display: string, id: string, type: string): AppointmentParticipant[] =>
    display || id
      ? [{ actor: { ...(ID.test(id) ? { reference: `${type}/${id}` } : {}), display: display || id }, status: 'accepted' }]
      : [];
  const provider = [value(message, 'AIP', 3, 3), value(message, 'AIP', 3, 2)].filter(Boolean).join(' ');
  return [
    ...shown(provider, value(message, 'AIP', 3), 'Practitioner'),
    ...shown(value(message, 'AIL', 3, 9), value(message, 'AIL', 3), 'Location'),
  ];
}

// As vendors mint them: long and opaque. A short number is one of the sender's own directory.
const ID = /^[A-Za-z0-9.-]{20,64}$/;

function difference(held: Appointment, said: Partial<Appointment>): Record<string, unknown> {
  const changed = Object.entries(said).filter(([key, one]) => {
    const was = held[key as keyof Appointment];
    return one !== undefined && JSON.stringify(was ?? null) !== JSON.stringify(one);
  });
  return Object.fromEntries(changed);
}

import type { Change, Fact, Fields, Identity, Stamp, Value } from '../model.ts';
import type { Site } from '../settings.ts';
import type { Steps } from '../steps.ts';
import { stated } from '../values.ts';
import { MERGES } from './answer.ts';
import {
  instant,
  isNull,
  type Message,
  NULL,
  part,
  type Repetition,
  repetitions,
  type Segment,
  segment,
  value,
} from './message.ts';

/**
 * When the EHR committed what this message says: EVN-2, or MSH-7 where there is no EVN (SIU). A time without a fraction may be
 * any moment of its second and counts as the last one, so that no read from earlier in that second undoes the message.
 */
export function orderKey(message: Message, site: Site): Stamp {
  const recorded = value(segment(message, 'EVN'), 2) || value(message.segments[0], 7);
  const at = instant(recorded, site);
  return { at: at === undefined ? 0 : at + (recorded.includes('.') ? 0 : 999), seq: message.control };
}

/**
 * The patient's identifier that this site hands out, from a list of CX (PID-3, MRG-1). Chosen by assigning authority, never
 * by position; an identifier of no authority at all is the link's own.
 */
export function findIdentity(list: Repetition[], site: Site): Identity | undefined {
  const ours = list.filter((id) => {
    const [namespace, oid] = [part(id, 4), part(id, 4, 2)];
    return oid ? oid === site.authority : !namespace || namespace.toLowerCase() === site.name || namespace === site.authority;
  });
  const chosen = ours.find((id) => part(id, 5) === 'MR') ?? ours[0];
  const mrn = part(chosen, 1);
  return mrn && mrn !== NULL ? { authority: site.authority, mrn } : undefined;
}

/** All that one message says: about its patient, about an appointment of theirs, about a chart merged into theirs. */
export function mapMessage(message: Message, site: Site, steps: Steps): Fact[] {
  const stamp = steps.orderKey(message, site);
  const pid = segment(message, 'PID');
  const person = steps.findIdentity(repetitions(pid, 3), site);
  if (!person) return [];
  const key = steps.contactKey(person);
  const language = value(pid, 15);
  const patient: Change = {
    object: 'Contact',
    key,
    person: key,
    stamp,
    fields: { MRN__c: person.mrn, MRN_Authority__c: person.authority, ...steps.mapMessagePatient(message, site, steps) },
    seed: language && language !== NULL ? { Preferred_Language__c: language } : {},
  };
  if (message.type === 'SIU') {
    const sch = segment(message, 'SCH');
    const fields = steps.mapMessageAppointment(message, site, steps);
    const appointment: Change = {
      object: 'Appointment__c',
      key: steps.appointmentKey(site.authority, value(sch, 2), fields.Start__c?.toString()),
      person: key,
      stamp,
      fields: { ...fields, Contact__c: key },
      seed: {},
    };
    return [patient, appointment];
  }
  const retired = MERGES.includes(message.event) ? steps.findIdentity(repetitions(segment(message, 'MRG'), 1), site) : undefined;
  return retired ? [patient, { loser: steps.contactKey(retired), survivor: key, stamp }] : [patient];
}

/** The contact fields that PID states. An empty field is left out: it says nothing. `""` empties the CRM's field. */
export function mapMessagePatient(message: Message, _site: Site, steps: Steps): Fields {
  const pid = segment(message, 'PID');
  const name = repetitions(pid, 5).find((one) => part(one, 7) === 'L') ?? repetitions(pid, 5)[0];
  const born = value(pid, 7);
  // Oracle Health writes `home` where HL7's table has `H`.
  const home =
    repetitions(pid, 11).find((one) => /^h(ome)?$/i.test(part(one, 7))) ??
    repetitions(pid, 11).find((one) => part(one, 7) === '');
  const phones = repetitions(pid, 13);
  const phone = (equipment: string) =>
    phones.find((one) => part(one, 3) === equipment && (part(one, 2) === 'PRN' || part(one, 2) === ''));
  const mail = phones.find((one) => part(one, 3) === 'Internet' || part(one, 2) === 'NET');
  return stated(
    {
      // A chart is never left without its name: LastName is not emptied, whatever is sent.
      LastName: text(part(name, 1)) ?? undefined,
      FirstName: name && !isNull(pid, 5) ? text(part(name, 2)) : undefined,
      Birthdate: born === NULL ? null : steps.birthDate(born),
      Sex__c: value(pid, 8) === '' ? undefined : steps.sex(value(pid, 8)),
      ...(repetitions(pid, 13).length > 0 && {
        MobilePhone: dialled(phone('CP'), steps),
        HomePhone: dialled(phone('PH'), steps),
        Email: text(part(mail, 4) || (part(mail, 1).includes('@') ? part(mail, 1) : ''))?.toLowerCase() ?? null,
      }),
      ...(repetitions(pid, 11).length > 0 && {
        MailingStreet: text([part(home, 1), part(home, 2)].filter((line) => line && line !== NULL).join(', ')),
        MailingCity: text(part(home, 3)),
        MailingState: text(part(home, 4)),
        MailingPostalCode: text(part(home, 5)),
      }),
      Deceased__c: value(pid, 30) === '' ? undefined : value(pid, 30) === 'Y',
    },
    steps,
  );
}

/** The appointment fields that SCH, AIP and AIL state. */
export function mapMessageAppointment(message: Message, site: Site, steps: Steps): Fields {
  const sch = segment(message, 'SCH');
  const provider = value(segment(message, 'AIP'), 3, 2) ? repetitions(segment(message, 'AIP'), 3)[0] : undefined;
  const start = time(sch, 4, site);
  return stated(
    {
      Start__c: start ?? undefined,
      End__c: time(sch, 5, site),
      Local_Date__c: start ? steps.localDate(start, site.timeZone) : undefined,
      // SCH-25 is what the hospital's own screen shows; the event alone decides only where a site leaves it empty or has its own codes.
      Status__c: steps.appointmentStatus(value(sch, 25)) ?? steps.appointmentStatus(STATUS_OF_EVENT[message.event] ?? ''),
      // Where a type has no code of its own (Oracle Health), its name stands in the code's place.
      Type__c: sent(sch, 8) ? text(value(sch, 8, 2) || value(sch, 8)) : undefined,
      Provider__c: sent(segment(message, 'AIP'), 3)
        ? text([part(provider, 3), part(provider, 2)].filter(Boolean).join(' '))
        : undefined,
      Location__c: sent(segment(message, 'AIL'), 3) ? text(value(segment(message, 'AIL'), 3, 9)) : undefined,
    },
    steps,
  );
}

const STATUS_OF_EVENT: Record<string, string> = { S12: 'Booked', S13: 'Booked', S15: 'Cancelled', S17: 'Deleted', S26: 'Noshow' };

const text = (from: string): string | null => (from === '' || from === NULL ? null : from);

const sent = (from: Segment | undefined, field: number): boolean => repetitions(from, field).length > 0;

function time(sch: Segment | undefined, component: number, site: Site): string | null | undefined {
  const raw = value(sch, 11, component);
  if (raw === '') return undefined;
  const at = instant(raw, site);
  return at === undefined ? (raw === NULL ? null : undefined) : new Date(at).toISOString();
}

/** The number of an XTN: its parts where the site sends parts, else the formatted first component. */
function dialled(phone: Repetition | undefined, steps: Steps): Value | undefined {
  if (!phone) return null;
  const [country, area, local, extension] = [part(phone, 5) || '1', part(phone, 6), part(phone, 7), part(phone, 8)];
  const number = area && local ? `+${country}${area}${local}` : part(phone, 1) || part(phone, 12);
  if (number === '' || number === NULL) return null;
  return steps.normalisePhone(extension ? `${number} x${extension}` : number);
}

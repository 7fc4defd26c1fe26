import type { Fields, Identity } from '../model.ts';
import type { Site } from '../settings.ts';
import type { Steps } from '../steps.ts';
import { stated } from '../values.ts';

/** What of a FHIR R4 resource is read here. */
export type Period = { start?: string; end?: string };
export type Patient = {
  resourceType: 'Patient';
  id: string;
  meta?: { versionId?: string };
  active?: boolean;
  identifier?: { system?: string; value?: string; use?: string }[];
  name?: { use?: string; family?: string; given?: string[] }[];
  birthDate?: string;
  gender?: string;
  extension?: { url: string; valueBoolean?: boolean; valueString?: string; valueCode?: string }[];
  telecom?: { system?: string; use?: string; value?: string; period?: Period }[];
  address?: { use?: string; line?: string[]; city?: string; state?: string; postalCode?: string; period?: Period }[];
  contact?: {
    relationship?: { coding?: { code?: string }[] }[];
    name?: { text?: string };
    telecom?: { system?: string; value?: string }[];
  }[];
  communication?: { preferred?: boolean; language?: { coding?: { system?: string; code?: string }[] } }[];
  deceasedBoolean?: boolean;
  deceasedDateTime?: string;
  link?: { type?: string; other?: { reference?: string } }[];
};
export type Appointment = {
  resourceType: 'Appointment';
  id: string;
  identifier?: { value?: string }[];
  status?: string;
  appointmentType?: { text?: string };
  start?: string;
  end?: string;
  comment?: string;
  participant?: { actor?: { reference?: string; display?: string } }[];
};

/** The CRM's words for the means by which a patient wants to be reached. */
const CHANNELS: Record<string, string> = { phone: 'Phone', email: 'Email' };

/** The identifier system under which a site's FHIR face shows its MRNs: an OID becomes a URN. */
export const mrnSystem = (site: Site): string => (/^[\d.]+$/.test(site.authority) ? `urn:oid:${site.authority}` : site.authority);

/** The patient's MRN of this site. One that was retired by a merge (`use` old) no longer names this patient. */
export function identityOf(patient: Patient, site: Site): Identity | undefined {
  const mrn = patient.identifier?.find((id) => id.system === mrnSystem(site) && id.use !== 'old')?.value;
  return mrn ? { authority: site.authority, mrn } : undefined;
}

/**
 * The contact fields of a FHIR patient. A read shows the whole chart, so that what is not there is empty (null), except where
 * the map says to keep: a name, and a value that cannot be used, are then left out.
 */
export function mapPatient(patient: Patient, site: Site, steps: Steps): Fields {
  const identity = identityOf(patient, site);
  const name = patient.name?.find((one) => one.use === 'official');
  const current = (one: { period?: Period }) => one.period?.end === undefined;
  const telecom = (patient.telecom ?? []).filter(current);
  const phone = (use: string) => telecom.find((one) => one.system === 'phone' && one.use === use)?.value;
  const homes = (patient.address ?? []).filter(current).filter((one) => one.use === 'home');
  const [home] = homes;
  const extension = (url: string) => patient.extension?.find((one) => one.url === url);
  const preferred = extension('http://hospital.example/fhir/preferred-channel')?.valueCode;
  const mobilePhone = phone('mobile');
  const homePhone = phone('home');
  // HL7 table 0131: whom to call in an emergency.
  const emergency = patient.contact?.find((one) => one.relationship?.some((of) => of.coding?.some(({ code }) => code === 'C')));
  const emergencyPhone = emergency?.telecom?.find(({ system }) => system === 'phone')?.value;
  return stated(
    {
      MRN__c: identity?.mrn,
      MRN_Authority__c: identity?.authority,
      LastName: name?.family?.trim() || undefined,
      FirstName: name?.given?.[0]?.trim() || null,
      Birthdate: patient.birthDate === undefined ? null : steps.birthDate(patient.birthDate),
      Sex__c: steps.sex(patient.gender),
      MobilePhone: mobilePhone === undefined ? null : steps.normalisePhone(mobilePhone),
      HomePhone: homePhone === undefined ? null : steps.normalisePhone(homePhone),
      Email:
        telecom
          .find((one) => one.system === 'email')
          ?.value?.trim()
          .toLowerCase() || null,
      MailingStreet: homes.flatMap((one) => one.line ?? []).join(', ') || null,
      MailingCity: home?.city ?? null,
      MailingState: home?.state ?? null,
      MailingPostalCode: home?.postalCode ?? null,
      Deceased__c: patient.deceasedBoolean === true || patient.deceasedDateTime !== undefined,
      Active__c: patient.active ?? true,
      Interpreter__c: extension('http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired')?.valueBoolean ?? false,
      Quiet_Hours__c: extension('http://hospital.example/fhir/quiet-hours')?.valueString ?? null,
      Preferred_Channel__c: preferred === undefined ? null : CHANNELS[preferred],
      Emergency_Contact__c: emergency?.name?.text?.trim() || null,
      Emergency_Phone__c: emergencyPhone === undefined ? null : steps.normalisePhone(emergencyPhone),
    },
    steps,
  );
}

/** The CRM-owned fields of a patient whom the CRM does not have yet. */
export function seedOf(patient: Patient): Fields {
  const preferred = patient.communication?.find((one) => one.preferred)?.language?.coding?.[0]?.code;
  return preferred ? { Preferred_Language__c: preferred } : {};
}

/** The CRM-owned fields of an appointment that the CRM does not have yet. */
export function seedOfAppointment({ comment }: Appointment, steps: Steps): Fields {
  return comment ? stated({ Note__c: comment }, steps) : {};
}

/** The appointment fields of a FHIR appointment; the contact is added by whoever knows whose list it stood in. */
export function mapAppointment(appointment: Appointment, site: Site, steps: Steps): Fields {
  const display = (type: string) =>
    appointment.participant?.find((one) => one.actor?.reference?.startsWith(`${type}/`))?.actor?.display ?? null;
  const start = utc(appointment.start);
  return stated(
    {
      Start__c: start,
      End__c: appointment.end === undefined ? null : utc(appointment.end),
      Local_Date__c: start && steps.localDate(start, site.timeZone),
      Status__c: steps.appointmentStatus(appointment.status ?? ''),
      Type__c: appointment.appointmentType?.text ?? null,
      Provider__c: display('Practitioner'),
      Location__c: display('Location'),
    },
    steps,
  );
}

function utc(instant: string | undefined): string | undefined {
  const at = Date.parse(instant ?? '');
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

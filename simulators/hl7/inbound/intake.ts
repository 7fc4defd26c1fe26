import type { Patient, Resource } from '@medplum/fhirtypes';
import type { Cell } from '#kernel';
import { Refusal } from '../message/ack.ts';
import { type Message, occurrences, plain } from '../message/parse.ts';
import type { People } from '../people.ts';
import { type SiteFacts, systemOf } from '../site.ts';
import type { SiteChange, SitePort } from '../site-port.ts';

/** What filing a message would come to: a commit; nothing when the record holds it already. */
export interface Filing {
  act: string;
  cohort?: string;
  changes: SiteChange[];
  /** Runs when it is committed, with the records as they are then. */
  after?: (resources: readonly Resource[]) => void;
}

/** What a filer needs of the site. */
export interface Intake {
  facts: SiteFacts;
  port: SitePort;
  people: People;
  /** Ids of appointments by the number that their sender gave them. */
  placers: Cell<string>;
}

/** Reads one message. Undefined when there is nothing to change. @throws Refusal */
export type Filer = (message: Message, intake: Intake) => Promise<Filing | undefined>;

/**
 * The person whom a list of identifiers names by one of this hospital.
 * @param place of the field, for errors: `PID^1^3`. @throws Refusal
 */
export async function findPerson(message: Message, intake: Intake, segment: 'PID' | 'MRG' = 'PID'): Promise<Patient> {
  const { facts, port, people } = intake;
  const { site, authority } = facts;
  const n = segment === 'PID' ? 3 : 1;
  const place = `${segment}^1^${n}`;
  const said = occurrences(message, segment, n);
  if (said.length === 0) throw new Refusal('AE', 101, place, 'a patient identifier is needed');
  const own = said.find((each) => {
    const [namespace, universal] = [1, 2].map((sub) => plain(message, each[3], sub));
    return universal ? universal === authority : namespace?.toUpperCase() === site.toUpperCase();
  });
  if (!own) throw new Refusal('AE', 204, place, `no identifier of the assigning authority ${authority}`);
  const mrn = plain(message, own[0]);
  if (mrn === '' || mrn === '""') throw new Refusal('AE', 101, `${place}^1^1`, 'the identifier is empty');
  const system = systemOf(authority);
  // A record that the link has read of is asked for by its id, which needs no search.
  const id = people.idOf(mrn);
  const search: Record<string, string> = id ? { _id: id } : { identifier: `${system}|${mrn}` };
  const found = (await port.find('Patient', search)) as Patient[];
  const known = found.filter(({ identifier }) => identifier?.some((each) => each.system === system && each.value === mrn));
  const patient = known.find((each) => !survivorOf(each)) ?? (segment === 'MRG' ? known[0] : undefined);
  if (patient) return patient;
  throw new Refusal(
    'AE',
    204,
    place,
    known.length > 0 ? 'this record was merged into another' : 'no patient has this identifier',
  );
}

/** `Patient/x` that a record was merged into. */
export const survivorOf = ({ link }: Patient): string | undefined =>
  link?.find(({ type }) => type === 'replaced-by')?.other?.reference;

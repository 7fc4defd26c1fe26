import type { DocumentReference, Immunization, Reference, ServiceRequest } from '@medplum/fhirtypes';
import { type Field, type Segment, segment } from '../message/build.ts';
import type { SiteFacts } from '../site.ts';
import { coded } from './coded.ts';
import { moment, xcn } from './place.ts';

/** RXA-20 (HL7 table 0322), TXA-17 (0271), RF1-1 (0283), RF1-2 (0280), ORC-1 (0119), by what FHIR says. */
const COMPLETION: Record<string, string> = { completed: 'CP', 'not-done': 'RE', 'entered-in-error': 'CP' };
const AUTHENTICATION: Record<string, string> = { preliminary: 'DI', 'entered-in-error': 'CA' };
const REFERRAL: Record<string, string> = { completed: 'A', revoked: 'R' };
const PRIORITY: Record<string, string> = { routine: 'R', urgent: 'A', asap: 'A', stat: 'S' };
const ORDER: Record<string, string> = { revoked: 'CA', 'on-hold': 'HD' };

const number = ({ identifier, id }: { identifier?: { value?: string }[]; id?: string }): string | undefined =>
  identifier?.[0]?.value ?? id;

/** ORC, RXA and RXR of one immunization. @param action A, U or D (HL7 table 0206). */
export function immunization(facts: SiteFacts, shot: Immunization, action: 'A' | 'U' | 'D'): Segment[] {
  const { doseQuantity: dose, occurrenceDateTime: when, status, statusReason, lotNumber, expirationDate, manufacturer } = shot;
  const given = moment(when, facts);
  const historical = shot.primarySource === false;
  const done = COMPLETION[status ?? ''] ?? 'NA';
  const segments = [
    segment('ORC', { 1: 'RE', 3: number(shot) }),
    segment('RXA', {
      1: '0',
      2: '1',
      3: given,
      4: given,
      5: coded(shot.vaccineCode),
      // 999: the amount is not known, as immunization registries want it written.
      6: dose?.value?.toString() ?? '999',
      7: dose && [dose.code ?? dose.unit, dose.unit, 'UCUM'],
      9: historical ? ['01', 'Historical', 'NIP001'] : ['00', 'New', 'NIP001'],
      10: xcn(shot.performer?.[0]?.actor),
      15: lotNumber,
      16: moment(expirationDate, facts),
      17: manufacturer?.display && ['', manufacturer.display, 'MVX'],
      18: status === 'not-done' ? coded(statusReason) : undefined,
      20: done,
      21: action,
    }),
  ];
  if (shot.route || shot.site) segments.push(segment('RXR', { 1: coded(shot.route), 2: coded(shot.site) }));
  return segments;
}

/** TXA, and the document itself in OBX: text as it is, anything else in base64. */
export function document(facts: SiteFacts, doc: DocumentReference): Segment[] {
  const { attachment } = doc.content?.[0] ?? {};
  const { contentType = 'text/plain', data = '' } = attachment ?? {};
  const text = contentType.startsWith('text/');
  const parent = doc.relatesTo?.find(({ code }) => code === 'replaces' || code === 'appends')?.target;
  const [major = '', minor = ''] = contentType.split('/');
  const value: Field = text
    ? {
        lines: Buffer.from(data, 'base64')
          .toString('utf8')
          .split(/\r\n|\r|\n/),
      }
    : ['', major === 'application' ? 'AP' : major, minor.toUpperCase(), 'Base64', data];
  return [
    segment('TXA', {
      1: '1',
      2: doc.type?.coding?.[0]?.code ?? doc.type?.text,
      3: text ? 'TX' : 'AP',
      4: moment(doc.context?.period?.start ?? doc.date, facts),
      6: moment(doc.date, facts),
      9: xcn(doc.author?.[0]),
      12: number(doc),
      13: parent && (parent.identifier?.value ?? parent.reference?.split('/').at(-1)),
      16: attachment?.title,
      17: AUTHENTICATION[doc.docStatus ?? ''] ?? 'AU',
      19: doc.status === 'current' ? 'AV' : 'UN',
    }),
    segment('OBX', { 1: '1', 2: text ? 'FT' : 'ED', 3: coded(doc.type), 5: value, 11: 'F' }),
  ];
}

/** RF1 and the two providers of a referral, then what is asked for and why. */
export function referral(facts: SiteFacts, request: ServiceRequest): Segment[] {
  const { authoredOn, occurrencePeriod, priority, status, requester, performer, reasonCode } = request;
  const state = REFERRAL[status ?? ''] ?? 'P';
  const provider = (role: string, who: Reference | undefined): Segment | undefined =>
    who && segment('PRD', { 1: [role, '', 'HL70286'], 2: xcnName(who), 7: who.reference?.split('/').at(-1) });
  return [
    segment('RF1', {
      1: state,
      2: PRIORITY[priority ?? ''],
      3: coded(request.category?.[0]),
      6: number(request),
      7: moment(authoredOn, facts),
      8: moment(occurrencePeriod?.end, facts),
      10: coded(reasonCode?.[0]),
    }),
    provider('RP', requester),
    provider('RT', performer?.[0]),
  ].filter((each) => each !== undefined);
}

/** What a referral or an order asks for: OBR, and the reason as DG1. */
export function requested(request: ServiceRequest): Segment[] {
  const reason = request.reasonCode?.[0];
  const diagnosis = reason ? [segment('DG1', { 1: '1', 3: coded(reason), 6: 'W' })] : [];
  const asked = segment('OBR', { 1: '1', 2: number(request), 4: coded(request.code), 16: xcn(request.requester) });
  return [...diagnosis, asked];
}

/** ORC of an order, then what it asks for. */
export function order(facts: SiteFacts, request: ServiceRequest): Segment[] {
  const control = ORDER[request.status ?? ''] ?? 'NW';
  const orc = segment('ORC', {
    1: control,
    2: number(request),
    9: moment(request.authoredOn, facts),
    12: xcn(request.requester),
  });
  const [last, ...before] = requested(request).reverse();
  return [orc, last!, ...before];
}

function xcnName(who: Reference): Field {
  const display = who.display ?? '';
  const cut = display.lastIndexOf(' ');
  return [display.slice(cut + 1), display.slice(0, Math.max(cut, 0))];
}

import { crmError } from './errors.ts';
import { toId18 } from './ids.ts';
import { convertLead, type LeadConvert } from './lead-conversion.ts';
import { type Merged, mergeRecords } from './merge.ts';
import { type Answer, type Call, type RestRoute, rowErrors } from './rest/call.ts';
import { asked, each, own, type SoapCall, textsOf } from './soap-call.ts';
import { recordOf } from './soap-records.ts';
import { errorsXml, type Result, results } from './soap-results.ts';
import { type Element, textAt } from './soap-xml.ts';

/** Calls by which records become others, or nothing: SOAP API Developer Guide, "merge()", "convertLead()", "emptyRecycleBin()". */

const MOST_MERGES = 200;
const MOST_LEADS = 100;
const MOST_IDS = 200;

const NIL = 'xsi:nil="true"';
const ids = (name: string, values: readonly string[] = []): string => values.map((id) => `<${name}>${id}</${name}>`).join('');
const idOrNil = (name: string, id?: string): string => (id === undefined ? `<${name} ${NIL}/>` : `<${name}>${id}</${name}>`);

const atMost = (found: Element[], what: string, limit: number): Element[] => {
  if (found.length > limit) throw crmError('too-many', { what, limit });
  return found;
};
const parts = ({ children }: Element, wanted: string, most: number): Element[] =>
  atMost(
    children.filter(({ name }) => name === wanted),
    wanted,
    most,
  );

interface AskedMerge {
  type: string;
  master: string;
  values: Record<string, unknown>;
  losers: string[];
}

const mergeOne = each('update', 'merge', ({ org, session, schema }, writer, request: AskedMerge) => {
  const bad = [request.master, ...request.losers].find((id) => !toId18(id));
  if (bad !== undefined) throw crmError('bad-id-in-call', { value: bad });
  const type = schema.type(request.type)!;
  return { ...mergeRecords(org, session.userId, writer, { ...request, type }), success: true, errors: [] };
});

const merge: SoapCall = {
  ask: (call, element, { edition }) => {
    // Clients that merge in real orgs call a request by different names: `request`, `mergeRequests`, `merge`.
    const requests = atMost(element.children, 'requests', MOST_MERGES).map((request): AskedMerge => {
      const record = request.children.find(({ name }) => name === 'masterRecord');
      if (!record) throw crmError('bad-merge', { problem: 'a request names no masterRecord' });
      const { attributes, ...fields } = recordOf(call, record, edition);
      const values = Object.entries(fields).filter(([name]) => name.toLowerCase() !== 'id');
      return {
        type: (attributes as { type: string }).type,
        master: textAt(record, 'Id') ?? '',
        values: Object.fromEntries(values),
        losers: textsOf(request, 'recordToMergeIds'),
      };
    });
    return { route: mergeOne, call: asked(call, { raw: JSON.stringify(requests) }) };
  },
  answer: (body) =>
    (body as (Partial<Merged> & Result)[])
      .map(
        ({ id, mergedRecordIds, updatedRelatedIds, success, errors }) =>
          `<result>${errorsXml(errors)}${idOrNil('id', id)}${ids('mergedRecordIds', mergedRecordIds)}<success>${success}</success>${ids('updatedRelatedIds', updatedRelatedIds)}</result>`,
      )
      .join(''),
};

const convertOne = each('update', 'convert', (call, writer, request: LeadConvert) => ({
  ...convertLead(call.org, writer, request),
  success: true,
  errors: [],
}));

const convert: SoapCall = {
  ask: (call, element) => {
    const requests = parts(element, 'leadConverts', MOST_LEADS).map((one): LeadConvert => {
      const text = (name: string) => textAt(one, name) || undefined;
      const yes = (name: string) => ['true', '1'].includes(text(name) ?? '');
      if (!yes('doNotCreateOpportunity'))
        throw crmError('not-implemented', { what: 'opportunities: say doNotCreateOpportunity in convertLead()' });
      return {
        leadId: text('leadId') ?? '',
        convertedStatus: text('convertedStatus') ?? '',
        ...{ accountId: text('accountId'), contactId: text('contactId'), ownerId: text('ownerId') },
        overwriteLeadSource: yes('overwriteLeadSource'),
      };
    });
    return { route: convertOne, call: asked(call, { raw: JSON.stringify(requests) }) };
  },
  answer: (body) =>
    (body as (Record<'accountId' | 'contactId' | 'leadId', string | undefined> & Result)[])
      .map(
        ({ accountId, contactId, leadId, success, errors }) =>
          `<result>${idOrNil('accountId', accountId)}${idOrNil('contactId', contactId)}${errorsXml(errors)}${idOrNil('leadId', leadId)}<opportunityId ${NIL}/><success>${success}</success></result>`,
      )
      .join(''),
};

const refusedRow = (error: 'not-in-bin' | 'no-access') => ({ success: false, errors: rowErrors(crmError(error).entries) });

/** Throws records out of the bin: they are still told of among deleted ones, and nobody can have them back. */
function throwOut({ org, schema, session, raw }: Call): Answer {
  const gone: string[] = [];
  const body = (JSON.parse(raw) as string[]).map((id) => {
    const id18 = toId18(id) ?? '';
    const type = schema.byPrefix(id18);
    const known = org.store.find(id18);
    if (!type || !known?.deleted || org.emptied.has(id18) || gone.includes(id18)) return refusedRow('not-in-bin');
    if (type.definition.deletable === false || !org.sees(session.userId, known)) return refusedRow('no-access');
    gone.push(id18);
    return { id: id18, success: true, errors: [] };
  });
  org.emptyBin(gone, session.actor);
  return { status: 200, body };
}

// No record changes, so nothing is committed: what the bin holds is the org's own affair.
const emptying: RestRoute = { ...own('delete', throwOut), handle: async (call) => throwOut(call) };

const emptyRecycleBin: SoapCall = {
  ask: (call, element) => {
    const wanted = parts(element, 'ids', MOST_IDS).map(({ text }) => text.trim());
    return { route: emptying, call: asked(call, { raw: JSON.stringify(wanted) }) };
  },
  answer: results,
};

export const MERGE_CALLS: Readonly<Record<string, SoapCall>> = { merge, convertLead: convert, emptyRecycleBin };

import { CrmError, crmError } from './errors.ts';
import { toId18 } from './ids.ts';
import { undo } from './org.ts';
import { isPersonType } from './person.ts';
import { type Call, rowErrors } from './rest/call.ts';
import { CHANGE_ROUTES } from './rest/changes.ts';
import { SEARCH_ROUTES } from './rest/search.ts';
import { asked, own, queried, routeOf, type SoapCall, textsOf } from './soap-call.ts';
import { needType } from './soap-records.ts';
import { recordXml, results, type Shown, timeXml } from './soap-results.ts';
import { escaped, textAt } from './soap-xml.ts';

/** Calls about the org, its users, what changed in it and what lies in its bin: SOAP API Developer Guide, "Utility Calls", "Core Calls". */

const element = (name: string, value: unknown): string =>
  value === null ? `<${name} xsi:nil="true"/>` : `<${name}>${escaped(String(value))}</${name}>`;

const result = (values: Record<string, unknown>): string =>
  `<result>${Object.entries(values)
    .map(([name, value]) => element(name, value))
    .join('')}</result>`;

const timestamp = own('describe', ({ org }) => ({ status: 200, body: new Date(org.kernel.clock.now()).toISOString() }));

const getServerTimestamp: SoapCall = {
  ask: (call) => ({ route: timestamp, call }),
  answer: (body) => result({ timestamp: body }),
};

// In the order of the WSDL, by which strict clients read.
const userInfo = own('describe', ({ org, session, schema }) => {
  const { id, username, firstName, lastName, email } = org.user(session.userId);
  const account = schema.type('Account');
  const body = {
    ...{ accessibilityMode: false, chatterExternal: false, currencySymbol: '$', orgAttachmentFileSizeLimit: 5_242_880 },
    ...{ orgDefaultCurrencyIsoCode: 'USD', orgDefaultCurrencyLocale: 'en_US', orgDisallowHtmlAttachments: false },
    ...{ orgHasPersonAccounts: account !== undefined && isPersonType(schema, account), organizationId: org.id },
    ...{ organizationMultiCurrency: false, organizationName: 'Syncproof', profileId: '00e000000000001AAA', roleId: null },
    ...{ sessionSecondsValid: org.settings.all.sessionMinutes * 60, userDefaultCurrencyIsoCode: null, userEmail: email },
    ...{ userFullName: [firstName, lastName].filter(Boolean).join(' '), userId: id, userLanguage: 'en_US', userLocale: 'en_US' },
    ...{ userName: username, userTimeZone: 'GMT', userType: 'Standard', userUiSkin: 'Theme3' },
  };
  return { status: 200, body };
});

const getUserInfo: SoapCall = {
  ask: (call) => ({ route: userInfo, call }),
  answer: (body) => result(body as Record<string, unknown>),
};

const changed = (which: 'updated' | 'deleted', answer: SoapCall['answer']): SoapCall => ({
  ask: (call, element) => {
    const [start = '', end = ''] = ['startDate', 'endDate'].map((name) => textAt(element, name) ?? '');
    const params = { type: needType(call, textAt(element, 'sObjectType') ?? '').name };
    return {
      route: routeOf(CHANGE_ROUTES, 'GET', `sobjects/:type/${which}`),
      call: asked(queried(call, { start, end }), { params }),
    };
  },
  answer,
});

const getUpdated = changed('updated', (body) => {
  const { ids, latestDateCovered } = body as { ids: string[]; latestDateCovered: string };
  return `<result>${ids.map((id) => element('ids', id)).join('')}${element('latestDateCovered', timeXml(latestDateCovered))}</result>`;
});

interface Deleted {
  deletedRecords: { id: string; deletedDate: string }[];
  earliestDateAvailable: string;
  latestDateCovered: string;
}

const getDeleted = changed('deleted', (body) => {
  const { deletedRecords, earliestDateAvailable, latestDateCovered } = body as Deleted;
  const records = deletedRecords.map(
    ({ id, deletedDate }) =>
      `<deletedRecords>${element('deletedDate', timeXml(deletedDate))}${element('id', id)}</deletedRecords>`,
  );
  const edges = Object.entries({ earliestDateAvailable, latestDateCovered });
  return `<result>${records.join('')}${edges.map(([name, value]) => element(name, timeXml(value))).join('')}</result>`;
});

const MOST_IDS = 200;

/** Takes records out of the bin, each for itself or all of them. */
const restore = own(
  'collections',
  (call, writer) => {
    const { ids, allOrNone } = JSON.parse(call.raw) as { ids: string[]; allOrNone: boolean };
    if (ids.length > MOST_IDS) throw crmError('too-many', { what: 'ids', limit: MOST_IDS });
    const body = ids.map((id) => {
      try {
        return { id: writer.undelete(typeInBin(call, id), id).id, success: true, errors: [] };
      } catch (error) {
        if (!(error instanceof CrmError)) throw error;
        return { success: false, errors: rowErrors(error.entries) };
      }
    });
    if (!allOrNone || body.every(({ success }) => success)) return { status: 200, body };
    const rolledBack = { success: false, errors: rowErrors(crmError('rolled-back').entries) };
    return undo({ status: 200, body: body.map((one) => (one.success ? rolledBack : one)) });
  },
  'undelete',
);

function typeInBin({ org, schema, session }: Call, id: string) {
  const type = schema.byPrefix(id);
  const id18 = toId18(id);
  if (!type || !id18) throw crmError('bad-id-in-call', { value: id });
  const known = org.store.find(id18);
  if (!known?.deleted || org.emptied.has(id18))
    throw new CrmError(400, [{ errorCode: 'UNDELETE_FAILED', message: 'Entity is not in the recycle bin', fields: [] }]);
  if (type.definition.deletable === false || !org.sees(session.userId, known)) throw crmError('no-access');
  return type;
}

const undelete: SoapCall = {
  ask: (call, element, { allOrNone }) => ({
    route: restore,
    call: asked(call, { raw: JSON.stringify({ ids: textsOf(element, 'ids'), allOrNone }) }),
  }),
  answer: results,
};

const search: SoapCall = {
  ask: (call, element) => ({
    route: routeOf(SEARCH_ROUTES, 'GET', 'search'),
    call: queried(call, { q: textAt(element, 'searchString') ?? '' }),
  }),
  answer: (body, edition) => {
    const records = Array.isArray(body) ? body : (body as { searchRecords: unknown[] }).searchRecords;
    const shown = records.map((one) => `<searchRecords>${recordXml('record', one as Shown, edition)}</searchRecords>`);
    return `<result>${shown.join('')}</result>`;
  },
};

export const ORG_CALLS: Readonly<Record<string, SoapCall>> = {
  getServerTimestamp,
  getUserInfo,
  getUpdated,
  getDeleted,
  undelete,
  search,
};

import type { Context, Reply } from '#kernel';
import { CrmError } from './errors.ts';
import type { Org } from './org.ts';
import { type Answer, asCrmError, type Call, knownVersion, mannerOf } from './rest/call.ts';
import { readRoute } from './rest/reading.ts';
import type { SoapCall } from './soap-call.ts';
import { DESCRIBE_CALLS } from './soap-describe.ts';
import { type Edition, namespacesOf } from './soap-edition.ts';
import { MERGE_CALLS } from './soap-merge.ts';
import { ORG_CALLS } from './soap-org.ts';
import { RECORD_CALLS } from './soap-records.ts';
import { child, type Element, textAt } from './soap-xml.ts';

/** The calls of the SOAP API that MuleSoft's and WSO2's connectors make, and a merge, by name. */
export const CALLS: Readonly<Record<string, SoapCall>> = { ...RECORD_CALLS, ...MERGE_CALLS, ...ORG_CALLS, ...DESCRIBE_CALLS };

/** Makes a data call for whoever holds the session of its header. @throws CrmError */
export async function dataCall(org: Org, edition: Edition, name: string, envelope: Element, context: Context): Promise<Reply> {
  const { request, exchange, setActor } = context;
  const session = org.sessions.check(`Bearer ${textAt(envelope, 'Header', 'SessionHeader', 'sessionId') ?? ''}`, exchange.id);
  setActor(session.actor);
  org.countCall();
  const version = `${Number.parseFloat(request.params.version ?? '')}.0`;
  if (!knownVersion(version)) throw new CrmError(500, [{ errorCode: 'UNSUPPORTED_API_VERSION', message: 'Invalid Api version' }]);
  const header = (...names: string[]) => textAt(envelope, 'Header', ...names);
  const client = header('CallOptions', 'client');
  const headers: Record<string, string> = {
    ...(header('QueryOptions', 'batchSize')
      ? { 'sforce-query-options': `batchSize=${header('QueryOptions', 'batchSize')}` }
      : {}),
    ...(header('AssignmentRuleHeader', 'useDefaultRule') === 'false' ? { 'sforce-auto-assign': 'FALSE' } : {}),
    ...(header('DuplicateRuleHeader', 'allowSave') === 'true' ? { 'sforce-duplicate-rule-header': 'allowSave=true' } : {}),
    ...(client ? { 'sforce-call-options': `client=${client}` } : {}),
  };
  const schema = org.viewOf(session.userId);
  const outer: Call = {
    ...{ org, session, schema, version, headers, origin: request.origin },
    ...{ api: 'soap', method: 'POST', params: {}, query: new URLSearchParams(), raw: '', look: (read) => read() },
  };
  const { ask, answer: shown } = CALLS[name]!;
  const allOrNone = header('AllOrNoneHeader', 'allOrNone') === 'true';
  const { route, call } = ask(outer, child(child(envelope, 'Body')!, name)!, { allOrNone, edition });
  const run = async (): Promise<Answer> => {
    if (route.handle) return route.handle(call, context);
    if (!route.act) return readRoute(route, call, context);
    return org.commit(context, mannerOf(call, route.act), (writer) => route.run(call, writer) as Answer);
  };
  const answer = await run().catch((error: unknown) => {
    throw asCrmError(error) ?? error;
  });
  const body = `<${name}Response>${shown(answer.body, edition)}</${name}Response>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-store' },
    body: `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope ${namespacesOf(edition, 'records')} xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soapenv:Header><LimitInfoHeader><limitInfo><current>${org.used}</current><limit>${org.dailyRequests}</limit><type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`,
    served: answer.served,
  };
}

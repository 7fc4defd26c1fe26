import { type Audit, NO_AUDIT } from '../audit.ts';
import { type Answer, type Http, retryAfterMs } from '../http.ts';
import type { Fields, ObjectName, Row } from '../model.ts';
import { Failure } from '../retry.ts';
import type { CrmSettings } from '../settings.ts';
import { fromRow, selected, toBody } from './fields.ts';

export type Crm = {
  /** Creates a row and returns its id. Called twice, it makes two: prefer `upsert`. */
  create(object: ObjectName, fields: Fields): Promise<string>;
  /** Changes the row with this id. */
  update(object: ObjectName, id: string, fields: Fields): Promise<void>;
  /** Creates or changes the row with this `EHR_Key__c`; safe to repeat. */
  upsert(object: ObjectName, key: string, fields: Fields): Promise<{ id: string | undefined; created: boolean }>;
  /** What a SOQL query finds, as the CRM shows it, over all pages. */
  soql(query: string): Promise<Record<string, unknown>[]>;
  /** Any other call below `/services/data/vXX.X`; a body that is a text is sent as CSV. */
  request(method: string, path: string, body?: object | string): Promise<unknown>;
  /** Removes the row with this `EHR_Key__c`, if there is one. */
  remove(object: ObjectName, key: string): Promise<void>;
  /** All rows of our objects that satisfy a SOQL condition, over all pages. */
  query(object: ObjectName, where: string): Promise<Row[]>;
  /** The row with this `EHR_Key__c`; only of a client that asks for many at a time. */
  find?(object: ObjectName, key: string): Promise<Row | undefined>;
  /** Writes down what was done with a row. */
  tellOf(
    action: 'create' | 'update' | 'delete',
    object: ObjectName,
    key: string,
    before: Fields | undefined,
    after: Fields,
  ): void;
};

type Session = { token: string; base: string };

/** A client of a Salesforce-shaped REST API. Throws `Failure` with the CRM's own error code. */
export function openCrm(settings: CrmSettings, http: Http, now: () => number, audit: Audit = NO_AUDIT): Crm {
  const path = `/services/data/v${settings.apiVersion}`;
  let session: Promise<Session> | undefined;

  async function call(method: string, url: string, body?: object | string): Promise<Answer> {
    for (let again = true; ; again = false) {
      session ??= login(settings, http, now);
      const mine = session;
      const { token, base } = await mine.catch((error) => {
        if (session === mine) session = undefined;
        throw error;
      });
      const answer = await http(`${base}${url}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body && { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' }),
        },
        body: typeof body === 'string' ? body : body && JSON.stringify(body),
      });
      if (answer.status < 300) return answer;
      if (answer.status === 401 && session === mine) session = undefined;
      if (answer.status !== 401 || !again) throw failure(answer, now());
    }
  }

  async function rowsOf(soql: string): Promise<Record<string, unknown>[]> {
    const rows: Record<string, unknown>[] = [];
    for (let url: string | undefined = `${path}/query/?q=${encodeURIComponent(soql)}`; url; ) {
      const page = (await call('GET', url)).body as { records: Record<string, unknown>[]; nextRecordsUrl?: string };
      if (!Array.isArray(page?.records)) throw new Failure(0, 'not-a-query-result');
      const what = page.records.flatMap(nameOf);
      if (what.length > 0) audit({ who: settings.clientId, action: 'read', what });
      rows.push(...page.records);
      url = page.nextRecordsUrl;
    }
    return rows;
  }

  return {
    async create(object, fields) {
      const { body } = await call('POST', `${path}/sobjects/${object}`, toBody(fields));
      return (body as { id: string }).id;
    },
    async update(object, id, fields) {
      await call('PATCH', `${path}/sobjects/${object}/${id}`, toBody(fields));
    },
    async upsert(object, key, fields) {
      const { status, body } = await call(
        'PATCH',
        `${path}/sobjects/${object}/EHR_Key__c/${encodeURIComponent(key)}`,
        toBody(fields),
      );
      return { id: (body as { id?: string } | undefined)?.id, created: status === 201 };
    },
    tellOf: (action, object, key, before, after) =>
      audit({ who: settings.clientId, action, what: [`${object}/${key}`], before, after }),
    soql: rowsOf,
    request: async (method, below, body) => (await call(method, `${path}${below}`, body)).body,
    async remove(object, key) {
      await call('DELETE', `${path}/sobjects/${object}/EHR_Key__c/${encodeURIComponent(key)}`).catch((error: unknown) => {
        if (!(error instanceof Failure && error.status === 404)) throw error;
      });
    },
    async query(object, where) {
      const names = ['Id', 'EHR_Key__c', 'SystemModstamp', ...selected(object)];
      const rows = await rowsOf(`SELECT ${names.join(', ')} FROM ${object} WHERE ${where}`);
      return rows.map((row) => ({
        object,
        id: String(row.Id),
        key: String(row.EHR_Key__c ?? ''),
        modified: String(row.SystemModstamp),
        fields: fromRow(object, row),
      }));
    },
  };
}

/** A row as the audit trail names it: by object and id, whatever of it was asked for. */
function nameOf({ attributes }: Record<string, unknown>): string[] {
  const [, name] = /\/sobjects\/(\w+\/\w+)$/.exec((attributes as { url?: string } | null)?.url ?? '') ?? [];
  return name ? [name] : [];
}

/** Client credentials where the org allows them, else the user's password. */
async function login(settings: CrmSettings, http: Http, now: () => number): Promise<Session> {
  const ask = (grant: Record<string, string>) =>
    http(`${settings.loginUrl}/services/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({ client_id: settings.clientId, client_secret: settings.clientSecret, ...grant }).toString(),
    });
  let answer = await ask({ grant_type: 'client_credentials' });
  if (answer.status === 400 && settings.username && settings.password)
    answer = await ask({ grant_type: 'password', username: settings.username, password: settings.password });
  const { access_token, instance_url } = (answer.body ?? {}) as { access_token?: string; instance_url?: string };
  const base = settings.instanceUrl ?? instance_url;
  // Refused credentials are retried like an outage: an administrator mends them, and no restart is needed here.
  if (answer.status !== 200 || !access_token || !base)
    throw new Failure(answer.status >= 500 ? answer.status : 401, 'login-refused', retryAfterMs(answer.headers, now()));
  return { token: access_token, base: base.replace(/\/$/, '') };
}

function failure({ status, headers, body }: Answer, now: number): Failure {
  const [first] = Array.isArray(body) ? (body as { errorCode?: string; fields?: string[] }[]) : [];
  // The message may quote the refused value; the code and the field names do not.
  return new Failure(status, first?.errorCode ?? `crm-${status}`, retryAfterMs(headers, now), first?.fields);
}

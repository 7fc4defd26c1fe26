import { importPKCS8, SignJWT } from 'jose';
import { digest, type Random } from '#kernel';
import { marks, type Seen } from './log.ts';
import { type Answer, Connections, type Sent, tell } from './wire.ts';
import { CLIENT, KEY, type Place, SCOPES, type Somebody, type World } from './world.ts';

const BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

/** What makes calls again and again, and says of each what came of it. */
export interface Client {
  name: string;
  /** One call, with whatever it takes to be let in. */
  once(): Promise<Seen>;
  close(): void;
}

abstract class Caller implements Client {
  readonly name: string;
  protected readonly random: Random;
  protected readonly world: World;
  readonly #connections: Connections;
  #count = 0;
  #token?: string;

  constructor(name: string, world: World) {
    this.name = name;
    this.world = world;
    this.random = world.kernel.random.fork(`chaos ${name}`);
    this.#connections = new Connections(world.sandbox.authority.cert);
  }

  abstract once(): Promise<Seen>;
  protected abstract login(): Promise<string | undefined>;

  close(): void {
    this.#connections.close();
  }

  protected agent(): string {
    return `chaos/${this.name}/${++this.#count}`;
  }

  protected call(url: string, sent: Sent): Promise<Answer | undefined> {
    return this.#connections.call(url, sent);
  }

  /** With a token; a call that is not let in throws it away. */
  protected async authorized(url: string, agent: string, { headers = {}, ...sent }: Sent = {}): Promise<Answer | undefined> {
    this.#token ??= await this.login();
    if (this.#token === undefined) return undefined;
    const more = { authorization: `Bearer ${this.#token}`, 'user-agent': agent };
    const answer = await this.call(url, { ...sent, headers: { ...headers, ...more } });
    if (answer && [401, 403].includes(answer.status)) this.#token = undefined;
    return answer;
  }
}

const parsed = (answer: Answer | undefined): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(answer?.body ?? '');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

const good = (answer: Answer | undefined): boolean => answer !== undefined && answer.status >= 200 && answer.status < 300;

abstract class EhrCaller extends Caller {
  protected readonly place: Place;

  constructor(name: string, world: World, place: Place) {
    super(`${name} ${place.name}`, world);
    this.place = place;
  }

  protected get somebody(): Somebody {
    return this.random.pick(this.place.people);
  }

  protected async login(): Promise<string | undefined> {
    const { token, vendor } = this.place;
    const form = new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPES.join(' ') });
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
    if (vendor === 'epic') {
      const now = Math.floor(this.world.kernel.clock.now() / 1000);
      const claims = { iss: CLIENT.id, sub: CLIENT.id, aud: token, iat: now, exp: now + 240, jti: digest(this.agent(), now) };
      const signed = new SignJWT(claims).setProtectedHeader({ alg: 'RS384', kid: KEY.kid });
      form.set('client_assertion_type', BEARER);
      form.set('client_assertion', await signed.sign(await importPKCS8(KEY.pem, 'RS384')));
    } else headers.authorization = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`;
    const answer = await this.call(token, { method: 'POST', headers, body: form.toString() });
    const given = good(answer) ? parsed(answer)?.access_token : undefined;
    return typeof given === 'string' ? given : undefined;
  }

  protected get house(): string {
    return this.place.vendor === 'athena' ? `ah-practice=Organization/a-1.Practice-195900` : '';
  }
}

const namesOf = (resource: Record<string, unknown> | undefined): string[] => {
  const [name] = Array.isArray(resource?.name) ? (resource.name as Record<string, unknown>[]) : [];
  const given = Array.isArray(name?.given) ? (name.given as string[])[0] : undefined;
  return marks.of(given, name?.family as string | undefined);
};

/** Reads people by id and by number, over TLS and without. */
export class Reader extends EhrCaller {
  async once(): Promise<Seen> {
    const { fhir, fhirTls } = this.place;
    const { id } = this.somebody;
    const base = this.random.chance(0.5) ? fhirTls : fhir;
    const search = this.random.chance(0.3);
    const all = search && this.place.vendor === 'r4';
    const query = [all ? '_count=4' : search ? `_id=${id}` : '', this.house].filter(Boolean).join('&');
    const agent = this.agent();
    const headers = { accept: 'application/fhir+json' };
    const answer = await this.authorized(`${base}/Patient${search ? '' : `/${id}`}${query ? `?${query}` : ''}`, agent, {
      headers,
    });
    const body = good(answer) ? parsed(answer) : undefined;
    const entries = (body?.entry as { resource?: Record<string, unknown> }[] | undefined) ?? [];
    const shown = search ? entries.map(({ resource }) => resource) : [body];
    const links = (body?.link as { relation: string; url: string }[] | undefined) ?? [];
    const next = Array.isArray(links) ? links.find(({ relation }) => relation === 'next')?.url : undefined;
    if (next?.startsWith('http')) await this.authorized(next, this.agent(), { headers });
    return { agent, kind: 'read', ok: body !== undefined, shown: shown.map((one) => namesOf(one)) };
  }
}

/** Writes people by PUT, new ones by POST. */
export class Writer extends EhrCaller {
  async once(): Promise<Seen> {
    const { fhir } = this.place;
    const { id, resource } = this.somebody;
    const agent = this.agent();
    const mark = digest(agent).slice(0, 12);
    const name = [{ use: 'official', family: marks.family(mark), given: [marks.given(mark)] }];
    const fresh = this.random.chance(0.3);
    const { id: _, identifier: _1, ...rest } = resource;
    const body = JSON.stringify({ ...(fresh ? rest : resource), name });
    const headers = { 'content-type': 'application/fhir+json', accept: 'application/fhir+json' };
    const url = fresh ? `${fhir}/Patient` : `${fhir}/Patient/${id}`;
    const answer = await this.authorized(url, agent, { method: fresh ? 'POST' : 'PUT', headers, body });
    return { agent, kind: 'write', mark, ok: good(answer) };
  }
}

/** Writes people through the API that athenahealth has beside FHIR. */
export class FormWriter extends EhrCaller {
  async once(): Promise<Seen> {
    const agent = this.agent();
    const mark = digest(agent).slice(0, 12);
    const number = this.somebody.id.split('-').at(-1);
    const body = new URLSearchParams({ firstname: marks.given(mark), lastname: marks.family(mark) }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const url = `${this.place.v1}/195900/patients/${number}`;
    const answer = await this.authorized(url, agent, { method: 'PUT', headers, body });
    return { agent, kind: 'write', mark, ok: good(answer) };
  }
}

/** Has changes told to a web hook. */
export class Subscriber extends EhrCaller {
  async once(): Promise<Seen> {
    const { fhir } = this.place;
    const agent = this.agent();
    const body = JSON.stringify({
      ...{ resourceType: 'Subscription', status: 'requested', criteria: `${fhir}/SubscriptionTopic/Patient.update` },
      _criteria: { extension: [{ url: `${BACKPORT}/backport-filter-criteria`, valueString: this.house }] },
      channel: {
        ...{ type: 'rest-hook', endpoint: this.world.hook.url, payload: 'application/fhir+json' },
        _payload: { extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: 'id-only' }] },
      },
    });
    const headers = { 'content-type': 'application/fhir+json' };
    const answer = await this.authorized(`${fhir}/Subscription?${this.house}`, agent, { method: 'POST', headers, body });
    return { agent, kind: 'read', ok: good(answer) };
  }
}

/** Upserts contacts, one by one and several at once, and queries them. */
export class CrmWriter extends Caller {
  protected async login(): Promise<string | undefined> {
    const { url, clientId: client_id, clientSecret: client_secret } = this.world.crm;
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await this.call(`${url}/services/oauth2/token`, { method: 'POST', headers, body });
    const given = good(answer) ? parsed(answer)?.access_token : undefined;
    return typeof given === 'string' ? given : undefined;
  }

  async once(): Promise<Seen> {
    const agent = this.agent();
    const mark = digest(agent).slice(0, 12);
    const base = `${this.world.crm.url}/services/data/v60.0`;
    const key = `K${this.random.int(1, 20)}`;
    const fields = { FirstName: marks.given(mark), LastName: marks.family(mark) };
    const headers = { 'content-type': 'application/json' };
    const way = this.random.int(0, 3);
    if (way === 0) {
      const soql = `SELECT FirstName, LastName FROM Contact WHERE EHR_Key__c = '${key}'`;
      const answer = await this.authorized(`${base}/query?q=${encodeURIComponent(soql)}`, agent);
      const body = good(answer) ? parsed(answer) : undefined;
      const rows = (body?.records as Record<string, string>[] | undefined) ?? [];
      return { agent, kind: 'read', ok: body !== undefined, shown: rows.map((row) => marks.of(row.FirstName, row.LastName)) };
    }
    if (way === 1) {
      const records = [{ attributes: { type: 'Contact' }, EHR_Key__c: key, ...fields }];
      const body = JSON.stringify({ allOrNone: true, records });
      const url = `${base}/composite/sobjects/Contact/EHR_Key__c`;
      const answer = await this.authorized(url, agent, { method: 'PATCH', headers, body });
      const [done] = good(answer) ? (Object.values(parsed(answer) ?? {}) as { success?: boolean }[]) : [];
      return { agent, kind: 'write', mark, ok: done?.success === true };
    }
    const url = `${base}/sobjects/Contact/EHR_Key__c/${key}`;
    const answer = await this.authorized(url, agent, { method: 'PATCH', headers, body: JSON.stringify(fields) });
    return { agent, kind: 'write', mark, ok: good(answer) };
  }
}

/** Tells a site of its people over its link in. */
export class Sender extends EhrCaller {
  async once(): Promise<Seen> {
    const { mllp, authority } = this.place;
    const { mrn } = this.somebody;
    const agent = this.agent();
    const control = digest(agent).slice(0, 16);
    const mark = control.slice(0, 12);
    const stamp = new Date(this.world.kernel.clock.now()).toISOString().replace(/\D/g, '').slice(0, 14);
    const site = this.place.name.toUpperCase();
    const kind = /^[\d.]+$/.test(authority) ? 'ISO' : 'URI';
    const message = [
      `MSH|^~\\&|SYNC|CRM|${site}|${site}|${stamp}||ADT^A31^ADT_A05|${control}|P|2.5.1||||||UNICODE UTF-8`,
      `EVN|A31|${stamp}`,
      `PID|1||${mrn}^^^${site}&${authority}&${kind}^MR||${marks.family(mark)}^${marks.given(mark)}`,
      '',
    ].join('\r');
    const answer = await tell(mllp, message);
    const [, code, answers] = /\rMSA\|(\w\w)\|([^|\r]*)/.exec(answer ?? '') ?? [];
    return { agent: control, kind: 'message', mark, ok: code === 'AA' && answers === control };
  }

  protected override login(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

/** Changes charts from inside, which the links out and the hooks tell of. */
export class Clinician extends EhrCaller {
  async #book(): Promise<void> {
    const start = this.world.kernel.clock.now() + 86_400_000;
    const resource = {
      ...{ resourceType: 'Appointment', status: 'booked' },
      ...{ start: new Date(start).toISOString(), end: new Date(start + 900_000).toISOString() },
      participant: [{ status: 'accepted', actor: { reference: `Patient/${this.somebody.id}` } }],
    };
    await this.place.site.commit({ act: 'book', changes: [{ op: 'create', type: 'Appointment', resource: resource as never }] });
  }

  // Of two people who are there for it.
  async #merge(): Promise<void> {
    const { id: _, identifier: _1, ...resource } = this.somebody.resource;
    const change = { op: 'create' as const, type: 'Patient', resource: resource as never };
    const { site } = this.place;
    const made = await site.commit({ act: 'register', changes: [change, change] });
    const [survivor = '', retired = ''] = made.resources.map((one) => one!.id);
    const linked = (id: string, other: string, type: string, more: object = {}) => ({
      ...{ op: 'update' as const, type: 'Patient', id },
      patch: { ...more, link: [{ other: { reference: `Patient/${other}` }, type }] } as never,
    });
    const changes = [linked(retired, survivor, 'replaced-by', { active: false }), linked(survivor, retired, 'replaces')];
    await site.commit({ act: 'merge', changes });
  }

  async once(): Promise<Seen> {
    const agent = this.agent();
    const mark = digest(agent).slice(0, 12);
    const patch = { name: [{ use: 'official', family: marks.family(mark), given: [marks.given(mark)] }] };
    const change = { op: 'update' as const, type: 'Patient', id: this.somebody.id, patch };
    await this.place.site.commit({ act: 'update', actor: agent, changes: [change as never] });
    if (this.random.chance(0.2)) await this.#book();
    if (this.random.chance(0.2)) await this.#merge();
    await this.world.kernel.clock.sleep(50);
    return { agent, kind: 'write', mark, ok: true };
  }
}

/** Everybody who is at work in a world. */
export function clientsOf(world: World): Client[] {
  const [r4, athena] = ['r4', 'athena'].map((name) => world.places.find((place) => place.name === name)!);
  return [
    ...world.places.flatMap((place) => [new Reader('reader', world, place), new Sender('sender', world, place)]),
    ...world.places.map((place) => new Clinician('clinician', world, place)),
    ...[new Writer('writer', world, r4!), new Writer('second writer', world, r4!), new FormWriter('writer', world, athena!)],
    ...['crm', 'second crm'].map((name) => new CrmWriter(name, world)),
    new Subscriber('subscriber', world, athena!),
  ];
}

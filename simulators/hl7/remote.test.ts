import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { any, ControlApi, type ControlRoute, type JournalEvent, Kernel, mount, systemClock } from '#kernel';
import { createHl7Site, type Hl7Site, remoteSitePort, type SiteCommit, type SitePort } from './index.ts';
import { Receiver, summary } from './testing/receiver.ts';
import { send } from './testing/sender.ts';
import { AUTHORITY, FakeEhr, nobody, SYSTEM } from './testing/site.ts';

let kernel: Kernel;
let ehr: FakeEhr;
let api: ControlApi;
let port: SitePort;
let base: string;

async function openControl(at = 0): Promise<void> {
  api = new ControlApi(kernel, [], { token: 'secret' });
  const route = (method: 'GET' | 'POST', path: string, run: ControlRoute<SiteCommit>['run']) =>
    mount<SiteCommit>(api.face, {
      ...{ method, path, operation: 'test', doc: '', answer: any(), openQuery: 'any', run },
      ...(method === 'POST' && { body: any() }),
    });
  route('POST', '/v1/sites/epic/commits', ({ body }) => ehr.commit(body));
  route('GET', '/v1/sites/epic/records/:type', async ({ params, context }) => ({
    resources: await ehr.find(params.type!, Object.fromEntries(context.request.query)),
  }));
  route('GET', '/v1/sites/epic/records/:type/:id', async ({ params }) => {
    const [found] = await ehr.find(params.type!, { _id: params.id! });
    return found ?? { status: 404, headers: {}, body: '{}' };
  });
  await api.start({ host: '127.0.0.1', port: at });
}

beforeEach(async () => {
  kernel = new Kernel({ process: 'ehr' });
  ehr = new FakeEhr(kernel);
  await openControl();
  base = api.face.url()!;
  port = remoteSitePort(base, 'secret', 'epic');
});
afterEach(async () => {
  await api.face.close();
  kernel.close();
});

describe('a site in another process', () => {
  test('its journal is followed from a place on, and again where it broke off', async () => {
    await ehr.put('register', nobody('1'));
    const start = kernel.journal.head;
    const heard: JournalEvent[] = [];
    let arrived = (): void => {};
    const stop = port.follow(start, (events) => {
      heard.push(...events);
      arrived();
    });
    const until = async (count: number): Promise<void> => {
      while (heard.length < count) await new Promise<void>((resolve) => (arrived = resolve));
    };
    await ehr.put('register', nobody('2', 'Zoë'));
    await until(1);
    const at = Number(new URL(api.face.url()!).port);
    await api.face.close();
    await ehr.put('register', nobody('3'));
    await openControl(at);
    await ehr.put('register', nobody('4'));
    await until(3);
    stop();
    expect(heard.map(({ records }) => records![0]!.id)).toEqual(['e2', 'e3', 'e4']);
    expect(heard[0]!.after![0]).toMatchObject({ name: [{ family: 'Zoë' }] });
  });

  test('its records are found by id and by identifier', async () => {
    await ehr.put('register', nobody('1'), nobody('2'));
    expect(await port.find('Patient', { identifier: `${SYSTEM}|2` })).toMatchObject([{ id: 'e2' }]);
    expect(await port.find('Patient', { _id: 'e1' })).toMatchObject([{ id: 'e1' }]);
    expect(await port.find('Patient', { _id: 'e9' })).toEqual([]);
  });

  test('a wrong token is an error with the place', async () => {
    const wrong = remoteSitePort(api.face.url()!, 'guess', 'epic');
    await expect(wrong.find('Patient', {})).rejects.toThrow('the control API of epic answered 401');
  });
});

describe('links in a process of their own', () => {
  let links: Kernel;
  let hl7: Hl7Site;
  beforeEach(async () => {
    links = new Kernel({ process: 'epic-hl7' });
    hl7 = createHl7Site(links, { site: 'epic', dialect: 'epic', authority: AUTHORITY, timeZone: 'UTC', port });
    await hl7.start({ host: '127.0.0.1', ports: { tcp: 0 } });
  });
  afterEach(async () => {
    await hl7.stop();
    links.close();
  });

  test('send what is committed there, and commit what comes in', async () => {
    const peer = await new Receiver().listen();
    hl7.setLink({ target: peer.target });
    await ehr.put('register', nobody('1'));
    await peer.messages(1);
    const pid = `PID|1||1^^^EPIC&${AUTHORITY}&ISO^MR||Test|||F`;
    const text = `MSH|^~\\&|SYNC|CRM|EPIC|EPIC|1||ADT^A31|m1|P|2.5.1\r${pid}\r`;
    expect(await send(hl7.describe().addresses.mllpIn!, text)).toMatchObject([{ code: 'AA' }]);
    expect(ehr.get('e1').gender).toBe('female');
    await peer.messages(2);
    expect(summary(peer.got)).toEqual(['A04 1', 'A31 1']);
    expect(links.journal.read({ kind: 'queue' }).map(({ cause }) => cause)).toEqual([undefined, undefined]);
    await peer.close();
  });
});

describe('a site whose process is away', () => {
  const text = `MSH|^~\\&|SYNC|CRM|EPIC|EPIC|1||ADT^A31|m1|P|2.5.1\rPID|1||1^^^EPIC&${AUTHORITY}&ISO^MR||Test|||F\r`;
  const links = async (over: SitePort, run: (address: string, kernel: Kernel) => Promise<void>): Promise<void> => {
    const own = new Kernel({ process: 'epic-hl7' });
    const hl7 = createHl7Site(own, { site: 'epic', dialect: 'epic', authority: AUTHORITY, timeZone: 'UTC', port: over });
    await hl7.start({ host: '127.0.0.1', ports: { tcp: 0 } });
    await run(hl7.describe().addresses.mllpIn!, own);
    await hl7.stop();
    own.close();
  };
  beforeEach(async () => {
    await ehr.put('register', nobody('1'));
    await api.face.close();
  });

  test('is waited for: what comes in meanwhile is answered once it is back', async () => {
    await links(port, async (address) => {
      const answer = send(address, text);
      await openControl(Number(new URL(base).port));
      expect(await answer).toMatchObject([{ code: 'AA' }]);
      expect(ehr.get('e1').gender).toBe('female');
    });
  });

  test('for too long: no answer, so that the sender comes again; no defect of ours', async () => {
    let now = 0;
    const hurried = { ...systemClock, now: () => (now += 3000), sleep: async () => {} };
    await links(remoteSitePort(base, 'secret', 'epic', hurried), async (address, own) => {
      expect(await send(address, text)).toEqual([]);
      expect(own.journal.read({ kind: 'ack' })).toMatchObject([{ data: { outcome: 'closed' } }]);
      expect(own.journal.read({ kind: 'stop' })).toEqual([]);
    });
    await openControl();
  });
});

describe('the control routes of a link', () => {
  let own: ControlApi;
  let hl7: Hl7Site;
  beforeEach(async () => {
    hl7 = createHl7Site(kernel, { site: 'epic', dialect: 'r4', authority: AUTHORITY, timeZone: 'UTC', port: ehr });
    own = new ControlApi(kernel, [hl7]);
    await own.start({ host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    await hl7.stop();
    await own.face.close();
  });
  const call = async (body?: unknown): Promise<[number, Record<string, unknown>]> => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`${own.face.url()}/v1/sites/epic/link`, init);
    return [response.status, (await response.json()) as Record<string, unknown>];
  };

  test('tell and set', async () => {
    expect(await call()).toEqual([200, { state: 'idle', queued: 0, sent: 0, acked: 0 }]);
    expect(await call({ target: 'localhost:2575', ackTimeoutMs: 900 })).toMatchObject([200, { target: 'localhost:2575' }]);
    expect(await call({ paused: true })).toMatchObject([200, { state: 'stopped', target: 'localhost:2575' }]);
  });

  test.each([
    [{ target: 'localhost' }, '"target" must be host:port, not "localhost"'],
    [{ target: 'localhost:99999' }, '"target" must be host:port, not "localhost:99999"'],
    [{ tls: 'yes' }, 'tls: must be true or false, not "yes"'],
    [{ ackTimeoutMs: 0 }, 'ackTimeoutMs: must lie between 1 and 86400000, not 0'],
    [
      { sender: 'mirt' },
      'sender: must not be "mirt"; did you mean "mirth"? There are: standard, mirth, intersystems, rhapsody, cloverleaf, epic',
    ],
    [{ on: { errors: 'skip' } }, expect.stringContaining('"on" names an outcome: positive, error')],
    [{ on: { error: 'skp' } }, '"on.error" is an action: done, retry, skip, stop; not "skp"'],
    [{ connections: 0 }, 'connections: must lie between 1 and 64, not 0'],
    [{ connections: 65 }, 'connections: must lie between 1 and 64, not 65'],
    [{ acknowledgements: { accept: 'AL' } }, '"acknowledgements.application" is a condition: AL, NE, ER, SU; not undefined'],
    [{ cert: 'x' }, '"cert" and "key" go together'],
    [
      { ackTimeout: 5 },
      expect.stringMatching(/^ackTimeout: unknown key "ackTimeout"; did you mean "ackTimeoutMs"\? There are: target, tls, /),
    ],
    [[], 'the body must be a list of names and values, not []'],
  ])('refuse %j', async (body, error) => expect(await call(body)).toMatchObject([400, { error }]));
});

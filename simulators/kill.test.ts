import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CRM_DEFAULTS } from '#crm';
import { type JournalEvent, type PartDescription, Random, recordKey, systemClock } from '#kernel';
import { ControlClient } from './control-client.ts';
import { Listener, offer } from './testing/listener.ts';

/** More of them for a night: SYNCPROOF_KILLS=200, and another seed. */
const KILLS = Number(process.env.SYNCPROOF_KILLS ?? 3);
const SEED = process.env.SYNCPROOF_SEED ?? 'kill';
const MORTAL = fileURLToPath(new URL('./testing/mortal.ts', import.meta.url));
const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const random = new Random(SEED);

/** A life of the sandbox, from its first answer to its end. */
class Life {
  readonly control: ControlClient;
  readonly #parts: PartDescription[];
  readonly #child: ChildProcess;
  readonly ended: Promise<unknown>;

  private constructor(child: ChildProcess, told: { controlUrl: string; parts: PartDescription[] }) {
    this.#child = child;
    this.control = new ControlClient(told.controlUrl);
    this.#parts = told.parts;
    this.ended = once(child, 'exit');
  }

  static async begin(data: string, target: string): Promise<Life> {
    const env = { ...process.env, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache') };
    const child = fork(MORTAL, [data, target], { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [told] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`the sandbox did not start: ${code}`))),
    ]);
    return new Life(child, told);
  }

  address(part: string, name: string): string {
    return this.#parts.find((one) => one.name === part)!.addresses[name]!;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** What was asked for under one name, and what was said to it: the values that may be there afterwards. */
class Ledger {
  readonly acknowledged = new Map<string, string>();
  /** By name: what was asked for since then, which may have been done or not. */
  readonly doubtful = new Map<string, string[]>();

  /** Nothing: the call was lost with the process. */
  async ask(name: string, value: string, call: () => Promise<boolean>): Promise<boolean> {
    this.doubtful.set(name, [...(this.doubtful.get(name) ?? []), value]);
    const done = await call().catch(() => false);
    if (!done) return false;
    this.acknowledged.set(name, value);
    this.doubtful.set(name, []);
    return true;
  }

  may(name: string): (string | undefined)[] {
    return [this.acknowledged.get(name), ...(this.doubtful.get(name) ?? [])];
  }
}

const ledgers = { patients: new Ledger(), contacts: new Ledger(), people: new Ledger(), updates: new Ledger() };

const tokenOf = async (url: string, form: Record<string, string>): Promise<string> => {
  const reply = await fetch(url, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', ...form }) });
  return ((await reply.json()) as { access_token: string }).access_token;
};

// Each does its one call after the other until the process is gone. Names grow, over all lives.
let turn = 0;
const clients: ((life: Life) => Promise<() => Promise<boolean>>)[] = [
  async (life) => {
    const form = { client_id: 'syncproof-reference', client_secret: 'syncproof-reference-secret', scope: 'system/Patient.*' };
    const token = await tokenOf(life.address('plain', 'token'), form);
    return () => {
      const name = `patient-${++turn}`;
      return ledgers.patients.ask(name, name, async () => {
        const reply = await fetch(`${life.address('plain', 'fhir')}/Patient`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
          body: JSON.stringify({ resourceType: 'Patient', name: [{ family: name }] }),
        });
        await reply.text();
        return reply.status === 201;
      });
    };
  },
  async (life) => {
    const { clientId: client_id, clientSecret: client_secret } = CRM_DEFAULTS;
    const token = await tokenOf(`${life.address('crm', 'login')}/services/oauth2/token`, { client_id, client_secret });
    return () => {
      const [name, value] = [`K-${++turn % 40}`, `value-${turn}`];
      return ledgers.contacts.ask(name, value, async () => {
        const reply = await fetch(`${life.address('crm', 'instance')}/services/data/v60.0/sobjects/Contact/MRN__c/${name}`, {
          method: 'PATCH',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ LastName: value }),
        });
        await reply.text();
        return reply.ok;
      });
    };
  },
  async (life) => () => {
    const name = `E${++turn}`;
    return ledgers.people.ask(name, name, async () => {
      const identifier = [{ system: `urn:oid:${AUTHORITY}`, value: name }];
      const resource = { resourceType: 'Patient', identifier, name: [{ use: 'official', family: name }] };
      await life.control.commitSite('epic', {
        act: 'register',
        call: name,
        changes: [{ op: 'create', type: 'Patient', resource }],
      });
      return true;
    });
  },
  // What the subject writes back by HL7: to somebody who is there.
  async (life) => () => {
    const [name] = [...ledgers.people.acknowledged.keys()].slice(-1);
    if (!name) return systemClock.sleep(1).then(() => true);
    const value = `C${++turn}`;
    return ledgers.updates.ask(name, value, async () => {
      const text = `MSH|^~\\&|SYNC|CRM|EPIC|EPIC|20260302||ADT^A08^ADT_A01|m${turn}|P|2.5.1\rEVN||20260302\rPID|1||${name}^^^EPIC&${AUTHORITY}&ISO^MR||${name}^Ada||19800203|F|||1 Elm St^^${value}^IL^62701\rPV1|1|O\r`;
      return (await offer(life.address('epic-hl7', 'mllpIn'), text)) === 'AA';
    });
  },
];

test(`${KILLS} kills under load lose no acknowledged write and no event`, { timeout: 60_000 + KILLS * 20_000 }, async () => {
  const data = mkdtempSync(join(tmpdir(), 'kill-'));
  const listener = new Listener();
  const target = await listener.listen();
  const heard: JournalEvent[] = [];
  let life = await Life.begin(data, target);
  for (let n = 0; n < KILLS; n++) {
    const over = new AbortController();
    void life.ended.then(() => over.abort());
    const following = life.control.follow(
      heard.at(-1)?.seq ?? 0,
      (event) => heard.push(event),
      over.signal,
      (ms) => systemClock.sleep(ms),
    );
    const calls = await Promise.all(clients.map((make) => make(life)));
    const working = calls.map(async (call) => {
      while (!over.signal.aborted) await call();
    });
    // Some are killed while they freeze themselves.
    const freezing = n % 2 === 1 ? life.control.call('POST', '/v1/snapshots', { name: `s-${n}` }).catch(() => {}) : undefined;
    await systemClock.sleep(random.int(30, 600));
    await life.kill();
    await Promise.all([...working, following, freezing]);
    life = await Life.begin(data, target);
  }
  const { control } = life;
  const { head, events } = await everything(control);

  // The journal: no hole, and what was heard of it is in it.
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: head }, (_, i) => i + 1));
  expect(heard.length).toBeGreaterThan(KILLS * 10);
  expect(heard.filter((event) => JSON.stringify(event) !== JSON.stringify(events[event.seq - 1]))).toEqual([]);
  expect(events.filter(({ kind, data: about }) => kind === 'stop' && about?.defect)).toEqual([]);
  expect(new Set(events.map(({ incarnation }) => incarnation)).size).toBe(KILLS + 1);

  // The state is what the commits say, each version once, in order.
  const truth = new Map<string, unknown>();
  const versions = new Map<string, number>();
  for (const { records = [], after = [] } of events.filter(({ kind }) => kind === 'commit'))
    for (const [i, record] of records.entries()) {
      const key = recordKey(record);
      expect([key, record.version]).toEqual([key, (versions.get(key) ?? 0) + 1]);
      versions.set(key, record.version);
      truth.set(key, after[i]);
    }
  type Named = Record<string, unknown> & {
    id: string;
    name: { family: string }[];
    identifier?: { value: string }[];
    address?: { city: string }[];
  };
  const at = async (site: string): Promise<Named[]> =>
    (await control.call<{ resources: Named[] }>('GET', `/v1/sites/${site}/records/Patient?limit=100000`)).resources;
  const [plain, epic] = [await at('plain'), await at('epic')];
  const { rows } = await control.call<{ rows: (Record<string, unknown> & { Id: string })[] }>('GET', '/v1/crm/records/Contact');
  const state = [
    ...plain.map((one) => [recordKey({ sim: 'ehr', tenant: 'plain', type: 'Patient', id: one.id }), one] as const),
    ...epic.map((one) => [recordKey({ sim: 'ehr', tenant: 'epic', type: 'Patient', id: one.id }), one] as const),
    ...rows.map((one) => [recordKey({ sim: 'crm', tenant: CRM_DEFAULTS.orgId, type: 'Contact', id: one.Id }), one] as const),
  ];
  expect(state.filter(([key, one]) => JSON.stringify(truth.get(key)) !== JSON.stringify(one)).map(([key]) => key)).toEqual([]);

  // What was acknowledged is there, once; what is there was asked for.
  const names = plain.map((one) => one.name[0]!.family);
  expect([...ledgers.patients.acknowledged.keys()].filter((name) => names.filter((one) => one === name).length !== 1)).toEqual(
    [],
  );
  expect(names.filter((name) => !ledgers.patients.may(name).includes(name))).toEqual([]);
  const keys = rows.map((row) => String(row.MRN__c));
  expect(new Set(keys).size).toBe(keys.length);
  expect(rows.filter((row) => !ledgers.contacts.may(String(row.MRN__c)).includes(String(row.LastName)))).toEqual([]);
  expect([...ledgers.contacts.acknowledged.keys()].filter((name) => !keys.includes(name))).toEqual([]);
  const mrns = epic.map((one) => one.identifier!.find(({ value }) => /^E\d+$/.test(value))!.value);
  expect([...ledgers.people.acknowledged.keys()].filter((name) => !mrns.includes(name))).toEqual([]);
  expect(new Set(mrns).size).toBe(mrns.length);
  const cities = new Map(
    epic.map((one) => [one.identifier!.find(({ value }) => /^E\d+$/.test(value))!.value, one.address?.[0]?.city]),
  );
  expect(
    [...ledgers.updates.acknowledged.keys()].filter((name) => !ledgers.updates.may(name).includes(cities.get(name))),
  ).toEqual([]);

  // The link sent every registration, none of two people in another order than they were made.
  const made = events.filter(({ kind, act, tenant }) => kind === 'commit' && act === 'register' && tenant === 'epic').length;
  const sent = (): string[] => [
    ...new Set(listener.got.filter((text) => text.includes('ADT^A04')).map((text) => /\rPID\|1\|\|(E\d+)/.exec(text)![1]!)),
  ];
  await expect.poll(() => sent().length, { timeout: 20_000 }).toBe(made);
  expect(sent().map((name) => Number(name.slice(1)))).toEqual(
    sent()
      .map((name) => Number(name.slice(1)))
      .toSorted((a, b) => a - b),
  );

  // Snapshots that were begun and not finished are none.
  const { snapshots } = await control.call<{ snapshots: { name: string }[] }>('GET', '/v1/snapshots');
  expect(snapshots.every(({ name }) => /^s-\d+$/.test(name))).toBe(true);
  await control.call('POST', '/v1/snapshots', { name: 'last' });
  expect(readdirSync(join(data, 'snapshots')).filter((name) => name.startsWith('.'))).toEqual([]);
  const asked = Object.values(ledgers).map((ledger) => ledger.acknowledged.size);
  expect(Math.min(...asked)).toBeGreaterThan(0);
  await life.kill();
  listener.close();
  rmSync(data, { recursive: true });
});

async function everything(control: ControlClient): Promise<{ head: number; events: JournalEvent[] }> {
  const { head } = await control.events(0, 1);
  const events: JournalEvent[] = [];
  while (events.length < head) {
    const page = await control.events(events.length === 0 ? 0 : events.at(-1)!.seq, 5_000);
    if (page.events.length === 0) break;
    events.push(...page.events);
  }
  return { head, events: events.filter(({ seq }) => seq <= head) };
}

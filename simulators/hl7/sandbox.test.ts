import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '#sandbox';
import { Receiver } from './testing/receiver.ts';
import { send } from './testing/sender.ts';

// The links beside the real EHR: what it takes and mints, in one process.
const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
let sandbox: Sandbox;
let peer: Receiver;
let mllpIn: string;

async function control<T = { records: { id: string }[] }>(method: string, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(sandbox.controlUrl + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const value = (await reply.json()) as T & { error?: string };
  if (!reply.ok) throw new Error(value.error);
  return value;
}
const create = (act: string, type: string, resource: object) =>
  control('POST', '/v1/sites/epic/commits', {
    act,
    changes: [{ op: 'create', type, resource: { resourceType: type, ...resource } }],
  });

beforeAll(async () => {
  sandbox = await startSandbox({ sites: [{ name: 'epic', vendor: 'epic', authority: AUTHORITY, timeZone: 'America/New_York' }] });
  peer = await new Receiver().listen();
  mllpIn = sandbox.parts.find(({ name }) => name === 'epic-hl7')!.describe().addresses.mllpIn!;
  await control('POST', '/v1/sites/epic/link', { target: peer.target });
});
afterAll(async () => {
  await sandbox.stop();
  await peer.close();
});

test('a booking from the subject gets a number of the hospital, under which it is cancelled again', async () => {
  const identifier = [{ system: `urn:oid:${AUTHORITY}`, value: '4711' }];
  await create('register', 'Patient', { identifier, name: [{ use: 'official', family: 'Hopper' }] });
  const siu = (event: string, id: string, sch: string): string =>
    `MSH|^~\\&|SYNC|CRM|EPIC|EPIC|20260302||SIU^${event}^SIU_S12|${id}|P|2.5.1\r${sch}\rPID|1||4711^^^EPIC&${AUTHORITY}&ISO^MR\r`;
  const [booked] = await send(
    mllpIn,
    siu('S12', '1', 'SCH|CRM-1||||||^Cough|OV^Office Visit|30|MIN|^^^20300310090000^20300310093000'),
  );
  expect(booked!.text).toContain('|AA|');
  const told = (await peer.messages(2))[1]!;
  const csn = /\rSCH\|(\d+)\|\1\|/.exec(told)![1]!;
  expect(told).toContain('|SIU^S12^SIU_S12|');
  expect(told).toContain('^^^20300310090000-0400^20300310093000-0400|');
  const [cancelled] = await send(mllpIn, siu('S15', '2', `SCH||${csn}||||^Moved away`));
  expect(cancelled!.text).toContain('|AA|');
  expect((await peer.messages(3))[2]).toContain('|SIU^S15^SIU_S12|');
});

test('an encounter of the real engine is told by its act', async () => {
  const identifier = [{ system: `urn:oid:${AUTHORITY}`, value: '4712' }];
  const { records } = await create('register', 'Patient', { identifier, name: [{ use: 'official', family: 'Hopper' }] });
  const before = peer.got.length;
  await create('admit', 'Encounter', {
    status: 'in-progress',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
    subject: { reference: `Patient/${records[0]!.id}` },
    period: { start: '2030-03-02T11:30:00Z' },
  });
  const texts = await peer.messages(before + 1);
  expect(texts.at(-1)).toMatch(/\|ADT\^A01\^ADT_A01\|.*\rPV1\|1\|I\|.*\|20300302063000-0500\r$/s);
});

test('a link whose clock is wrong says so in MSH-7, and in EVN-2, until that is healed', async () => {
  const identifier = [{ system: `urn:oid:${AUTHORITY}`, value: '4713' }];
  const day = async (): Promise<(string | undefined)[]> => {
    const before = peer.got.length;
    await create('register', 'Patient', { identifier, name: [{ use: 'official', family: 'Clock' }] });
    const message = (await peer.messages(before + 1))[before]!;
    return [/^MSH(?:\|[^|]*){5}\|(\d{4})/.exec(message)?.[1], /\rEVN\|[^|]*\|(\d{4})/.exec(message)?.[1]];
  };
  const now = String(new Date().getFullYear());
  const where = { sim: 'hl7', tenant: 'epic' };
  const { rules } = await control<{ rules: { id: string }[] }>('POST', '/v1/rules', {
    fault: 'clock-offset',
    params: { seconds: -10 * 365 * 86_400 },
    where,
  });
  const then = String(Number(now) - 10);
  expect(await day()).toEqual([then, then]);
  await control('DELETE', `/v1/rules/${rules[0]!.id}`);
  expect(await day()).toEqual([now, now]);
});

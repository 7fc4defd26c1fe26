import { mkdtempSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ack } from './testing/receiver.ts';
import { nobody, openWorld, type World } from './testing/site.ts';

/** Answers AA and keeps no more than the control ids: for many messages. */
class Counter {
  readonly controls: string[] = [];
  readonly #server: net.Server;

  constructor() {
    this.#server = net.createServer((socket) => {
      let rest = '';
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        rest += chunk.toString('latin1');
        for (let end = rest.indexOf('\u001c\r'); end >= 0; end = rest.indexOf('\u001c\r')) {
          const control = rest.slice(0, end).split('|')[9] ?? '';
          rest = rest.slice(end + 2);
          this.controls.push(control);
          socket.write(ack('AA', control));
        }
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close = (): void => void this.#server.close();
}

let data: string;
let counter: Counter;
let target: string;
let world: World;
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'hl7-outbox-'));
  counter = new Counter();
  target = await counter.listen();
});
afterEach(async () => {
  await world.stop();
  counter.close();
  rmSync(data, { recursive: true });
});

/** So many people, registered while no link reads. */
async function registered(count: number): Promise<void> {
  const before = await openWorld({ data });
  await before.hl7.stop();
  const crowd = Array.from({ length: count }, (_, n) => nobody(String(n + 1)));
  for (const one of crowd) await before.ehr.put('register', one);
  before.kernel.close();
}

const queued = (): string[] => world.events('queue').map(({ data }) => String(data?.control));

describe('commits that were made before the link reads', () => {
  test('are taken in by and by, never a long turn of them, each once and in order', async () => {
    await registered(500);
    world = await openWorld({ data });
    const turns: number[] = [];
    let before = 0;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const now = world.events('queue').length;
        turns.push(now - before);
        before = now;
        if (now < 500) setImmediate(look);
        else resolve();
      };
      look();
    });
    expect(Math.max(...turns)).toBeLessThanOrEqual(64);
    world.hl7.setLink({ target });
    await world.seen('ack', () => world.hl7.link().queued === 0);
    expect(counter.controls).toEqual(queued());
    expect(new Set(queued()).size).toBe(500);
  });

  test('are built while messages go out, not all of them first', async () => {
    await registered(500);
    world = await openWorld({ data, target });
    await world.seen('ack');
    expect(queued().length).toBeLessThan(100);
    await world.seen('ack', () => world.hl7.link().queued === 0);
    expect(counter.controls).toEqual(queued());
    expect(queued()).toHaveLength(500);
  });

  test('and stay where they are while more wait than a queue should hold; the rest comes when there is room', async () => {
    await registered(5100);
    world = await openWorld({ data });
    await world.seen('queue', () => world.kernel.cell('hl7.epic.queue').size === 5000);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(world.kernel.cell('hl7.epic.queue').size).toBe(5000);
    await world.stop();
    // Another start goes on where this one stopped.
    world = await openWorld({ data, target });
    await world.seen('ack', () => world.hl7.link().queued === 0 && counter.controls.length >= 5100);
    expect(counter.controls).toEqual(queued());
    expect(new Set(counter.controls).size).toBe(5100);
    expect(world.hl7.link()).toMatchObject({ sent: 5100, acked: 5100 });
  });
});

test('a person of long ago is told of as the commit had her, after a restart too', async () => {
  await registered(1200);
  world = await openWorld({ data });
  await world.seen('queue', () => world.kernel.cell('hl7.epic.people').size === 1200);
  await world.stop();
  world = await openWorld({ data });
  const appointment = {
    resourceType: 'Appointment' as const,
    status: 'booked' as const,
    start: '2026-04-01T14:00:00Z',
    end: '2026-04-01T14:15:00Z',
    participant: [{ status: 'accepted' as const, actor: { reference: 'Patient/e1' } }],
  };
  await world.ehr.put('book', { ...appointment, id: 'a1' });
  const told = await world.seen('queue', ({ message }) => message === 'SIU^S12');
  const { text } = world.kernel.cell<{ text: string }>('hl7.epic.queue').get(String(told.data?.control))!;
  expect(text).toContain('PID|1||1^^^');
});

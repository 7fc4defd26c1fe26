import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Hl7Server } from '@medplum/hl7';
import { Server } from 'node-hl7-server';
import { type Sandbox, startSandbox } from './sandbox.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Link {
  acked: number;
  queued: number;
  lastError?: string;
}

describe('HL7 receivers, unmodified', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox();
  });
  after(() => sandbox.stop());

  /** Points the link at a receiver, registers somebody, and waits until the receiver has it and the link the answer. */
  async function deliver(port: number, mrn: string, received: Promise<string>): Promise<string> {
    const { acked } = await sandbox.control<Link>('GET', '/v1/sites/epic/link');
    await sandbox.control('POST', '/v1/sites/epic/link', { target: `127.0.0.1:${port}` });
    await sandbox.register({ mrn, family: 'Hopper', given: 'Grace' });
    const text = await received;
    for (let tries = 0; ; tries++) {
      const link = await sandbox.control<Link>('GET', '/v1/sites/epic/link');
      if (link.acked > acked && link.queued === 0) return text;
      assert.ok(tries < 100, `not acknowledged: ${JSON.stringify(link)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('node-hl7-server takes a message and its acknowledgement is understood', async () => {
    const port = await freePort();
    const { promise, resolve } = Promise.withResolvers<string>();
    const inbound = new Server({ bindAddress: '127.0.0.1' }).createInbound({ port }, async (request, response) => {
      resolve(request.getMessage().toString());
      await response.sendResponse('AA');
    });
    const text = await deliver(port, 'node-hl7-1', promise);
    assert.match(text, /^MSH\|.*\|ADT\^A04/);
    assert.match(text, /\rPID\|.*node-hl7-1/);
    await inbound.close();
  });

  it('node-hl7-server takes a batch apart, and its answers are understood', async () => {
    const port = await freePort();
    const got: string[] = [];
    const inbound = new Server({ bindAddress: '127.0.0.1' }).createInbound({ port }, async (request, response) => {
      got.push(request.getMessage().get('PID.3.1').toString());
      await response.sendResponse('AA');
    });
    const { acked } = await sandbox.control<Link>('GET', '/v1/sites/epic/link');
    await sandbox.control('POST', '/v1/sites/epic/link', { target: `127.0.0.1:${port}`, batch: 5, paused: true });
    for (const mrn of ['batch-1', 'batch-2', 'batch-3']) await sandbox.register({ mrn, family: 'Hopper', given: 'Grace' });
    await sandbox.control('POST', '/v1/sites/epic/link', { paused: false });
    for (let tries = 0; ; tries++) {
      const link = await sandbox.control<Link>('GET', '/v1/sites/epic/link');
      if (link.acked === acked + 3 && link.queued === 0) break;
      assert.ok(tries < 100, `not acknowledged: ${JSON.stringify(link)} ${got}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await sandbox.control('POST', '/v1/sites/epic/link', { batch: 1 });
    assert.deepEqual(got, ['batch-1', 'batch-2', 'batch-3']);
    await inbound.close();
  });

  it('@medplum/hl7 takes a message and its acknowledgement is understood', async () => {
    const port = await freePort();
    const { promise, resolve } = Promise.withResolvers<string>();
    const server = new Hl7Server((connection) => {
      connection.addEventListener('message', ({ message }) => {
        resolve(message.toString());
        connection.send(message.buildAck());
      });
    });
    await server.start(port);
    const text = await deliver(port, 'medplum-1', promise);
    assert.match(text, /\rPID\|.*medplum-1/);
    await server.stop({ forceDrainTimeoutMs: 100 });
  });
});

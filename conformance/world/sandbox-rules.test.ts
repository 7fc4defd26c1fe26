import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '#sandbox';
import { loadPlans } from '#scenarios';
import { SandboxClient } from './sandbox-client.ts';

const SITE = { name: 'epic', vendor: 'epic', authority: '1.2.840.114350.1.13.999.2.7.5.737384.14', timeZone: 'America/New_York' };
let processes: Sandbox[];
let client: SandboxClient;

beforeAll(async () => {
  const parts = [['crm'], ['epic', 'epic-hl7']];
  processes = await Promise.all(parts.map((names) => startSandbox({ process: names[0], parts: names, sites: [SITE] })));
  client = new SandboxClient(processes.map(({ controlUrl }) => controlUrl));
  await client.connect();
});
afterAll(() => Promise.all(processes.map((one) => one.stop())));
beforeEach(() => client.healAll());

const armed = (): string[][] => processes.map(({ kernel }) => kernel.rules.list().map(({ id }) => id));

describe('a rule in a sandbox of two processes', () => {
  test.each([
    ['for the CRM', { fault: 'reset', where: { sim: 'crm' } }, [['r'], []]],
    ['for a site', { fault: 'reset', where: { site: 'epic' } }, [[], ['r']]],
    ['for messages', { fault: 'odd-charset' }, [[], ['r']]],
    ['for messages of a kind', { fault: 'vendor-error', where: { operation: 'ADT^A31' } }, [[], ['r']]],
    ['for an object', { fault: 'latency', where: { type: 'Contact' } }, [['r'], []]],
    ['for everybody', { fault: 'latency' }, [['r'], ['r']]],
  ])('%s goes where it can act', async (_, rule, where) => {
    await client.arm({ id: 'r', ...rule });
    expect(armed()).toEqual(where);
    await client.heal('r');
    expect(armed()).toEqual([[], []]);
  });

  test.each([
    ['for a site that nobody has', { fault: 'reset', where: { site: 'north' } }, 422, /no part of this process is \*\/north/],
    ['for messages of the CRM', { fault: 'odd-charset', where: { sim: 'crm' } }, 422, /where: odd-charset cannot act there/],
    ['of a fault that there is not', { fault: 'rest' }, 400, /no fault is called "rest"; did you mean "reset"/],
  ])('%s is refused everywhere', async (_, rule, status, message) => {
    const error = await client.arm({ id: 'r', ...rule }).catch((reason) => reason);
    expect(error).toMatchObject({ status, message: expect.stringMatching(message) });
    expect(armed()).toEqual([[], []]);
  });
});

describe('a plan in a sandbox of two processes', () => {
  test('goes where each of its rules can act, and is healed by its name', async () => {
    const rules = [
      { fault: 'reset', where: { sim: 'crm' }, id: 'a' },
      { fault: 'odd-charset', id: 'b' },
    ];
    await client.armPlan(JSON.stringify({ name: 'both', rules }), 'both.json');
    expect(armed()).toEqual([['both/a'], ['both/b']]);
    await client.healPlan('both');
    expect(armed()).toEqual([[], []]);
  });

  test('leaves nothing armed where one of its rules concerns nobody', async () => {
    const plan =
      'name: odd\nrules:\n  - { fault: reset, where: { sim: crm } }\n  - { fault: odd-charset, where: { sim: crm } }\n';
    await expect(client.armPlan(plan)).rejects.toThrow(/odd-charset cannot act there/);
    expect(armed()).toEqual([[], []]);
  });

  test.each(loadPlans().map(({ name, text, file }) => [name, text, file] as const))(
    '%s of ours can be armed',
    async (name, text, file) => {
      await client.armPlan(text, file);
      expect(armed().flat().length).toBeGreaterThan(0);
      await client.healPlan(name);
      expect(armed()).toEqual([[], []]);
    },
  );
});

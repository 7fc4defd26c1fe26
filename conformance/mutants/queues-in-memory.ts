import type { Machine } from '../reference/model.ts';
import { isRetryable } from '../reference/retry.ts';
import { defineMutant } from './define.ts';

let machine: Machine | undefined;
const queues = new Map<string, Promise<unknown>>();

async function insist(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      return void (await work());
    } catch (error) {
      if (!isRetryable(error)) return;
      await machine?.sleep(200);
    }
  }
}

export const queuesInMemory = defineMutant({
  id: 'queues-in-memory',
  breaks: 'Counts an update of the CRM as done once it waits in a queue, which is in memory.',
  steps: (reference) => ({
    receive(message, text, inbox, given) {
      machine = given;
      return reference.receive(message, text, inbox, given);
    },
    async save(crm, link, steps) {
      if (!machine || !link.held || link.desired.IsDeleted?.value === true) return reference.save(crm, link, steps);
      const before = queues.get(link.person) ?? Promise.resolve();
      queues.set(
        link.person,
        before.then(() => insist(() => reference.save(crm, link, steps))),
      );
      return { ...link.held, ...steps.changedFields(link, link.held) };
    },
  }),
  blind: true,
  kills: [{ check: 'HL-01', reason: 'stale-value' }],
});

import { defineMutant } from './define.ts';

let log: (line: string) => void = () => undefined;

export const namesWhomItFails = defineMutant({
  id: 'names-whom-it-fails',
  breaks: 'Logs the key of a record that cannot be written, which holds the medical record number.',
  steps: (reference) => ({
    receive(message, text, inbox, machine) {
      log = machine.log;
      return reference.receive(message, text, inbox, machine);
    },
    upsert: (crm, object, key, fields) =>
      reference.upsert(crm, object, key, fields).catch((error: unknown) => {
        log(`cannot write ${object} ${key}`);
        throw error;
      }),
  }),
  blind: true,
  kills: [{ check: 'SE-05', reason: 'phi-in-output' }],
});

import { defineMutant } from './define.ts';

const LOOKING_MS = 30;
const known = new Set<string>();
const MARK = '-copy-';
let copies = 0;

export const looksTooEarly = defineMutant({
  id: 'looks-too-early',
  breaks: 'Looks whether a message is known and remembers it only later: of several at once each counts, as a record of its own.',
  steps: (reference) => ({
    async receive(message, text, inbox, machine) {
      if (known.has(message.control)) return;
      await machine.sleep(LOOKING_MS);
      if (!known.has(message.control)) {
        known.add(message.control);
        return reference.receive(message, text, inbox, machine);
      }
      const control = `${message.control}${MARK}${++copies}`;
      return reference.receive({ ...message, control }, text.replace(message.control, control), inbox, machine);
    },
    mapMessage(message, site, steps) {
      const [, copy] = message.control.split(MARK);
      const facts = reference.mapMessage(message, site, steps);
      return copy ? facts.map((fact) => ('key' in fact ? { ...fact, key: `${fact.key}${MARK}${copy}` } : fact)) : facts;
    },
  }),
  kills: [{ check: 'IP-03', reason: 'unexpected-row' }],
});

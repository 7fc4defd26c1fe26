import { LOOKUPS } from '../reference/crm/fields.ts';
import { defineMutant } from './define.ts';

export const lawfulCreateThenLink = defineMutant({
  id: 'lawful-create-then-link',
  breaks: 'Writes a row first, and hangs it on its person by a second call.',
  also: ['AP-08', 'IP-07', 'OR-03', 'OR-06', 'SE-06', 'SE-07'],
  steps: (reference) => ({
    async upsert(crm, object, key, fields) {
      const links = Object.entries(fields).filter(([name]) => LOOKUPS[name]);
      const own = Object.entries(fields).filter(([name]) => !LOOKUPS[name]);
      const written = await reference.upsert(crm, object, key, Object.fromEntries(own));
      if (links.length > 0) await reference.upsert(crm, object, key, Object.fromEntries(links));
      return written;
    },
  }),
  kills: [],
});

import { defineMutant } from './define.ts';

export const lawfulFieldOrder = defineMutant({
  id: 'lawful-field-order',
  breaks: 'Names the fields of a row in another order with each write.',
  reads: 'both',
  steps: (reference) => {
    let turn = 0;
    return {
      upsert(crm, object, key, fields) {
        const names = Object.keys(fields).sort();
        const from = ++turn % Math.max(1, names.length);
        const ordered = [...names.slice(from), ...names.slice(0, from)].reverse();
        return reference.upsert(crm, object, key, Object.fromEntries(ordered.map((name) => [name, fields[name] ?? null])));
      },
    };
  },
  kills: [],
});

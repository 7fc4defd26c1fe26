import { defineFault } from '../hooks.ts';
import { unpaged } from '../paging.ts';

export const pageRepeatsRow = defineFault({
  name: 'page-repeats-row',
  family: 'paging',
  doc: 'The last row of a page stands on the next page, too: something was added before it meanwhile.',
  params: {},
  against: unpaged,
  applies: ({ paging, previous, reply }) =>
    (paging?.before(previous?.reply)?.rows.length ?? 0) > 0 && paging?.page(reply) !== undefined,
  hooks: {
    reply: (exchange) => {
      const { paging, previous, reply } = exchange;
      const [page, last] = [paging?.page(reply), paging?.before(previous?.reply)?.rows.at(-1)];
      if (page && last) exchange.reply = page.make([last, ...page.rows], page.next);
    },
  },
  colour: '#0d9488',
});

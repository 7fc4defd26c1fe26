import { defineFault } from '../hooks.ts';
import { unpaged } from '../paging.ts';

export const pageLosesRow = defineFault({
  name: 'page-loses-row',
  family: 'paging',
  doc: 'A row stands on no page: it was to come next, and something before it was taken away meanwhile.',
  params: {},
  against: unpaged,
  applies: ({ paging, reply }) => {
    const page = paging?.page(reply);
    return page?.next !== undefined && page.rows.length > 0;
  },
  hooks: {
    reply: (exchange) => {
      const page = exchange.paging?.page(exchange.reply);
      if (page) exchange.reply = page.make(page.rows.slice(0, -1), page.next);
    },
  },
  colour: '#0f766e',
});

import { defineFault } from '../hooks.ts';
import type { Page } from '../paging.ts';
import { unpaged } from '../paging.ts';

const WAYS: Readonly<Record<string, (page: Page) => string | undefined>> = {
  missing: () => undefined,
  dead: (page) => page.dead(page.next!),
  loop: (page) => page.self,
};

export const nextLinkBroken = defineFault({
  name: 'next-link-broken',
  family: 'paging',
  doc: 'A page that is not the last one does not lead on: its link is missing, leads to a cursor that there is not, or leads to the page itself.',
  params: { how: { type: 'string', doc: 'what is wrong with it', default: 'missing', oneOf: ['missing', 'dead', 'loop'] } },
  against: unpaged,
  applies: ({ paging, reply }, { how }) => {
    const page = paging?.page(reply);
    return page?.next !== undefined && (how !== 'loop' || page.self !== undefined);
  },
  hooks: {
    reply: (exchange, { how }) => {
      const page = exchange.paging?.page(exchange.reply);
      if (page?.next !== undefined) exchange.reply = page.make(page.rows, WAYS[String(how)]!(page));
    },
  },
  colour: '#14b8a6',
});

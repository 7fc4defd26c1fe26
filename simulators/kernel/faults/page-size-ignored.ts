import { defineFault } from '../hooks.ts';
import { unpaged } from '../paging.ts';

export const pageSizeIgnored = defineFault({
  name: 'page-size-ignored',
  family: 'paging',
  doc: 'The page size that a client asks for is not heeded: pages are as long as the vendor likes them.',
  params: {},
  against: unpaged,
  applies: ({ paging }) => paging?.unsize !== undefined,
  hooks: { request: ({ paging }) => paging?.unsize?.() },
  colour: '#5eead4',
});

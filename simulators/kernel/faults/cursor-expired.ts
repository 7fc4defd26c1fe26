import { defineFault } from '../hooks.ts';
import { unpaged } from '../paging.ts';

export const cursorExpired = defineFault({
  name: 'cursor-expired',
  family: 'paging',
  doc: 'The cursor by which a further page is asked for has ended before its time: the face answers as it does then, and where it keeps cursors, goes on to.',
  params: {},
  against: unpaged,
  applies: ({ paging }) => paging?.end !== undefined,
  hooks: { request: ({ paging }) => paging?.end?.() },
  colour: '#2dd4bf',
});

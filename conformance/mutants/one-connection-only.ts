import { defineMutant } from './define.ts';

export const oneConnectionOnly = defineMutant({
  id: 'one-connection-only',
  breaks: 'Serves one connection, and no other while that one is open.',
  steps: () => ({ admits: (openConnections) => openConnections === 0 }),
  also: ['ID-01', 'AP-01'],
  kills: [{ check: 'HL-08', reason: 'not-read' }],
  mayFail: ['*'],
});

import { defineMutant } from './define.ts';

export const believesAnybody = defineMutant({
  id: 'believes-anybody',
  breaks: 'Does not look at certificates: somebody turned that off to get going.',
  reads: 'both',
  steps: ({ trust }) => ({
    trust(authority) {
      trust(authority);
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    },
  }),
  kills: [{ check: 'SE-03', reason: 'wrong-certificate' }],
});

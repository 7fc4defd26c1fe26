import { defineMutant } from './define.ts';

let first: string | undefined;

export const forgetsAuthority = defineMutant({
  id: 'forgets-authority',
  breaks: 'Takes an MRN for unique: whichever hospital it comes from, it is that of the first.',
  sites: 2,
  steps: (reference) => ({
    contactKey({ authority, mrn }) {
      first ??= authority;
      return reference.contactKey({ authority: first, mrn });
    },
  }),
  kills: [{ check: 'ID-04', reason: 'missing' }],
  mayFail: ['*'],
});

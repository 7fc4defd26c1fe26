import { defineFault } from '#kernel';

export const vendorQuota = defineFault({
  name: 'vendor-quota',
  family: 'vendor',
  doc: "The vendor's own quotas hold: how often an export may be had and asked about, calls a second and tokens a minute where it has such limits; or a number of calls a second that is given.",
  params: {
    perSecond: { type: 'number', doc: "calls a second; 0 for the vendor's own number", default: 0, range: [0, 100_000] },
  },
  hooks: {},
  lever: 'quota',
  colour: '#b45309',
});

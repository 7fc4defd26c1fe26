import { defineFault } from '#kernel';

export const dailyLimit = defineFault({
  name: 'daily-limit',
  family: 'vendor',
  doc: 'The org has so many calls left today; then REQUEST_LIMIT_EXCEEDED, until healed: as after midnight GMT.',
  params: {
    left: { type: 'number', doc: 'calls that are still served', default: 0, range: [0, 1_000_000_000] },
  },
  hooks: {},
  lever: 'daily-limit',
  colour: '#92400e',
});

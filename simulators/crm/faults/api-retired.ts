import { defineFault } from '#kernel';

export const apiRetired = defineFault({
  name: 'api-retired',
  family: 'schema',
  doc: 'Versions of the API below one are retired: REST answers 410, SOAP UNSUPPORTED_API_VERSION, Bulk 1.0 InvalidVersion.',
  params: {
    below: { type: 'number', doc: 'the oldest version that is left', default: 61, range: [21, 100] },
  },
  hooks: {},
  lever: 'api-retired',
  colour: '#312e81',
});

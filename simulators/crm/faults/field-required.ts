import { defineFault } from '#kernel';

export const fieldRequired = defineFault({
  name: 'field-required',
  family: 'schema',
  doc: 'An administrator makes a field required; records that lack it stay.',
  params: {
    object: { type: 'string', doc: 'API name of the object', example: 'Contact' },
    field: { type: 'string', doc: 'API name of the field', example: 'MobilePhone' },
  },
  hooks: {},
  lever: 'field-required',
  colour: '#3b82f6',
});

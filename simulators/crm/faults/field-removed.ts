import { defineFault } from '#kernel';

export const fieldRemoved = defineFault({
  name: 'field-removed',
  family: 'schema',
  doc: 'An administrator deletes a field: it is in no describe, no query and no write. Healing brings it back with what it held.',
  params: {
    object: { type: 'string', doc: 'API name of the object', example: 'Contact' },
    field: { type: 'string', doc: 'API name of the field', example: 'MobilePhone' },
  },
  hooks: {},
  lever: 'field-removed',
  colour: '#1d4ed8',
});

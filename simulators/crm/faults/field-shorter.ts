import { defineFault } from '#kernel';

export const fieldShorter = defineFault({
  name: 'field-shorter',
  family: 'schema',
  doc: 'An administrator makes a field shorter; what is longer stays until it is written.',
  params: {
    object: { type: 'string', doc: 'API name of the object', example: 'Contact' },
    field: { type: 'string', doc: 'API name of the field', example: 'MobilePhone' },
    length: { type: 'number', doc: 'characters', default: 10, range: [1, 131_072] },
  },
  hooks: {},
  lever: 'field-shorter',
  colour: '#60a5fa',
});

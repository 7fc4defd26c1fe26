import { defineFault } from '#kernel';

export const fieldRetyped = defineFault({
  name: 'field-retyped',
  family: 'schema',
  doc: 'An administrator changes the type of a field; what it holds is converted, and is empty where that cannot be. Healing brings back what was not written since.',
  params: {
    object: { type: 'string', doc: 'API name of the object', example: 'Contact' },
    field: { type: 'string', doc: 'API name of the field', example: 'MobilePhone' },
    as: { type: 'string', doc: 'its new type', default: 'double', oneOf: ['string', 'double', 'boolean', 'date'] },
  },
  hooks: {},
  lever: 'field-retyped',
  colour: '#2563eb',
});

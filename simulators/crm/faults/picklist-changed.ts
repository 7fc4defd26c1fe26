import { defineFault } from '#kernel';

export const picklistChanged = defineFault({
  name: 'picklist-changed',
  family: 'schema',
  doc: 'An administrator adds a value to a picklist, or removes one, which is then refused.',
  params: {
    object: { type: 'string', doc: 'API name of the object', example: 'Task' },
    field: { type: 'string', doc: 'API name of the field', example: 'Status' },
    add: { type: 'string', doc: 'the value; none when empty', default: '', example: 'Parked' },
    remove: { type: 'string', doc: 'the value; none when empty', default: '' },
  },
  hooks: {},
  lever: 'field-picklist',
  idle: ({ add, remove }) => add === '' && remove === '',
  colour: '#93c5fd',
});

import { defineFault } from '#kernel';

export const elementRetyped = defineFault({
  name: 'element-retyped',
  family: 'schema',
  doc: 'An update of the vendor gives an element another type: a text, a number, a list of what it was, or an object around it.',
  params: {
    type: { type: 'string', doc: 'resource type', example: 'Patient' },
    element: { type: 'string', doc: 'path below the resource: birthDate, or name.family', example: 'gender' },
    as: { type: 'string', doc: 'what it is now', default: 'object', oneOf: ['text', 'number', 'list', 'object'] },
  },
  hooks: {},
  lever: 'element-retyped',
  colour: '#14b8a6',
});

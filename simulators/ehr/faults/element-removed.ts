import { defineFault } from '#kernel';

export const elementRemoved = defineFault({
  name: 'element-removed',
  family: 'schema',
  doc: 'An update of the vendor serves an element no longer; the record keeps it.',
  params: {
    type: { type: 'string', doc: 'resource type', example: 'Patient' },
    element: { type: 'string', doc: 'path below the resource: telecom, or name.family', example: 'gender' },
  },
  hooks: {},
  lever: 'element-removed',
  colour: '#0d9488',
});

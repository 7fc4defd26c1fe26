import { defineFault } from '#kernel';

export const elementRequired = defineFault({
  name: 'element-required',
  family: 'schema',
  doc: 'An update of the vendor refuses, in its own words, writes that lack an element.',
  params: {
    type: { type: 'string', doc: 'resource type', example: 'Patient' },
    element: { type: 'string', doc: 'path below the resource', example: 'gender' },
  },
  hooks: {},
  lever: 'element-required',
  colour: '#115e59',
});

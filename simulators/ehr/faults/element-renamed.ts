import { defineFault } from '#kernel';

export const elementRenamed = defineFault({
  name: 'element-renamed',
  family: 'schema',
  doc: 'An update of the vendor calls an element otherwise, in all that is read; what is written is taken under the new name only.',
  params: {
    type: { type: 'string', doc: 'resource type', example: 'Patient' },
    element: { type: 'string', doc: 'path below the resource: telecom, or name.family', example: 'gender' },
    to: { type: 'string', doc: 'its new name', example: 'sex' },
  },
  hooks: {},
  lever: 'element-renamed',
  colour: '#0f766e',
});

import { defineFault } from '#kernel';

export const permissionWithdrawn = defineFault({
  name: 'permission-withdrawn',
  family: 'credentials',
  doc: 'A right on an object is taken from the users whom API clients log in as; people at a screen keep it.',
  params: {
    object: { type: 'string', doc: 'API name of the object', example: 'Contact' },
    access: {
      type: 'string',
      doc: 'what is no longer allowed',
      default: 'write',
      oneOf: ['read', 'create', 'edit', 'delete', 'write'],
    },
  },
  hooks: {},
  lever: 'permissions',
  colour: '#9d174d',
});

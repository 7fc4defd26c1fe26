import { defineFault } from '#kernel';

export const scopeWithdrawn = defineFault({
  name: 'scope-withdrawn',
  family: 'credentials',
  doc: "A right is taken from every app: calls that need it are refused the vendor's way (403), whatever the token says, and new tokens lack it.",
  params: {
    type: { type: 'string', doc: 'resource type; * for all, other APIs of the vendor included', default: '*' },
    access: { type: 'string', doc: 'what is no longer allowed', default: 'all', oneOf: ['read', 'write', 'all'] },
  },
  hooks: {},
  lever: 'scopes',
  colour: '#9333ea',
});

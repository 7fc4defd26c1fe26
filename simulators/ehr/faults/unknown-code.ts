import { defineFault } from '#kernel';

export const unknownCode = defineFault({
  name: 'unknown-code',
  family: 'schema',
  doc: 'An update of the vendor serves a code that no list has, in place of every value of an element.',
  params: {
    type: { type: 'string', doc: 'resource type', example: 'Appointment' },
    element: { type: 'string', doc: 'path below the resource: status, or participant.status', example: 'status' },
    value: { type: 'string', doc: 'the code', default: 'entered-by-assistant' },
  },
  hooks: {},
  lever: 'element-coded',
  colour: '#2dd4bf',
});

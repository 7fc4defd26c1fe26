import { defineFault } from '../hooks.ts';

export const vendorError = defineFault({
  name: 'vendor-error',
  family: 'vendor',
  doc: "Refuses the request with the vendor's own error of that name; nothing is committed.",
  params: {
    error: {
      type: 'string',
      doc: 'name in the error table of the face',
      default: 'unavailable',
      oneOf: ['unavailable', 'internal', 'unauthorized', 'forbidden', 'not-found', 'invalid'],
    },
  },
  hooks: { request: (exchange, { error }) => exchange.reject(String(error)) },
  colour: '#b3261e',
});

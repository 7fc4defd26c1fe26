import { defineFault } from '../hooks.ts';

export const vendorError = defineFault({
  name: 'vendor-error',
  family: 'vendor',
  doc: "Refuses the request with the vendor's own error of that name; nothing is committed. A name that the vendor has no error for is refused with the list of those that it has.",
  params: {
    error: { type: 'string', doc: 'name in the error table of the face', default: 'unavailable', error: true },
  },
  hooks: { request: (exchange, { error }) => exchange.reject(String(error)) },
  colour: '#b3261e',
});

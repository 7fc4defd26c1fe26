import { defineFault } from '../hooks.ts';

export const throttle = defineFault({
  name: 'throttle',
  family: 'vendor',
  doc: "Refuses with the vendor's answer for too many requests, with Retry-After where the vendor sends it.",
  params: { retryAfter: { type: 'number', doc: 'seconds', default: 1, range: [0, 86_400] } },
  hooks: { request: (exchange, { retryAfter }) => exchange.reject('throttled', { retryAfter }) },
  colour: '#d97706',
});

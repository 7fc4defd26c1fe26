import { defineFault } from '../hooks.ts';

export const throttle = defineFault({
  name: 'throttle',
  family: 'vendor',
  doc: "Refuses with the vendor's answer for too many requests, with Retry-After where the vendor sends it: in seconds, as a date (whole seconds, never earlier than asked), or without.",
  params: {
    retryAfter: { type: 'number', doc: 'seconds', default: 1, range: [0, 86_400] },
    form: { type: 'string', doc: 'how Retry-After says it', default: 'seconds', oneOf: ['seconds', 'date', 'none'] },
  },
  hooks: {
    request: (exchange, { retryAfter, form }, { clock }) => {
      const seconds = Number(retryAfter);
      const until = new Date(Math.ceil(clock.now() / 1000 + seconds) * 1000);
      exchange.reject('throttled', form === 'none' ? {} : { retryAfter: form === 'date' ? until.toUTCString() : seconds });
    },
  },
  colour: '#d97706',
});

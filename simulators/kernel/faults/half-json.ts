import { defineFault } from '../hooks.ts';

/** Each leaves what a lenient reader, or one that reads as it goes, takes for an answer. */
const WAYS: Record<string, (text: string) => string> = {
  'text-behind': (text) => `${text}\n{"status":`,
  'comma-behind': (text) => text.replace(/([}\]])\s*$/, ',$1'),
  'not-a-number': (text) => text.replace(/:\s*(?:-?\d[\d.]*|true|false|null|"[^"\\]*")/, ':NaN'),
  'last-bracket': (text) => text.replace(/[}\]]\s*$/, ''),
};

export const halfJson = defineFault({
  name: 'half-json',
  family: 'content',
  doc: 'The body is JSON up to a point: something stands behind the document, a comma before its last bracket, NaN for a value, or the last bracket is missing.',
  params: { how: { type: 'string', doc: 'what is wrong', default: 'text-behind', oneOf: Object.keys(WAYS) } },
  applies: ({ reply }) => /^\s*[{[]/.test(String(reply?.body ?? '').slice(0, 20)),
  hooks: {
    body: ({ reply }, { how }) => {
      reply!.body = WAYS[String(how)]!(String(reply!.body));
      reply!.served = undefined;
    },
  },
  colour: '#713f12',
});

import { nearest } from './nearest.ts';

/** `; did you mean "x"? There are: …`, or `; there are: …` when nothing is near. Long lists show their beginning. */
export function instead(word: string, names: readonly string[], most = 40): string {
  const close = nearest(word, names);
  const shown = names.length > most ? `${names.slice(0, most).join(', ')}, …` : names.join(', ') || 'none';
  return `; ${close ? `did you mean ${JSON.stringify(close)}? There are` : 'there are'}: ${shown}`;
}

import { nearest } from '#conformance';
import { UsageError } from './usage.ts';

/** `; did you mean x? There are: …`, or `; there are: …` when nothing is near. */
export function suggestion(word: string, names: readonly string[]): string {
  const close = nearest(word, names);
  return `; ${close ? `did you mean ${close}? There are` : 'there are'}: ${names.join(', ')}`;
}

/** Runs a verb's parser. @throws UsageError naming what there is, for an option that there is not. */
export function parsing<T>(options: Record<string, unknown>, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (!code?.startsWith('ERR_PARSE_ARGS')) throw error;
    const unknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && /'(-[^' ]+)/.exec(message)?.[1];
    if (!unknown) throw new UsageError(message.split('\n')[0]!);
    const names = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`there is no option ${unknown}${names.length > 0 ? suggestion(unknown, names) : ''}`);
  }
}

/** A whole number of an option. @throws UsageError */
export function wholeNumber(text: string, option: string, most = Number.MAX_SAFE_INTEGER): number {
  if (!/^\d+$/.test(text) || Number(text) > most)
    throw new UsageError(`${option} takes a whole number${most < 1e9 ? ` up to ${most}` : ''}, not ${JSON.stringify(text)}`);
  return Number(text);
}

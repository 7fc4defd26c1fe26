import type { People } from '#kernel';

/** Whether one of these messages is of that operation (`ADT^A08`) and that type (`ADT`). */
export const isKind = (messages: readonly string[], operation?: string, type?: string): boolean =>
  messages.some(
    (message) => (operation === undefined || operation === message) && (type === undefined || message.split('^')[0] === type),
  );

/** Whom a message is about, by the numbers of PID-3 and MRG-1: each with the authority of the site that sends or takes it. */
export function peopleIn(text: string, authority: string): People {
  const [field = '|', component = '^', repetition = '~'] = text.slice(3, 6);
  const numbers = text.split(/[\r\n]+/).flatMap((line) => {
    const [name, ...fields] = line.split(field);
    const held = name === 'PID' ? fields[2] : name === 'MRG' ? fields[0] : undefined;
    return (held ?? '').split(repetition).flatMap((each) => each.split(component)[0] || []);
  });
  return [...new Set(numbers)].map((number) => new Set([number, authority, `${authority}|${number}`]));
}

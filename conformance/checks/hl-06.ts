import { defineCheck, untestable } from '../check.ts';

const NAMES: [given: string, family: string][] = [
  ['José', 'Núñez'],
  ['Zoë', 'Müller-Øst'],
  ['Łukasz', 'Žižek'],
];

/** Names whose every letter a link of that character set can send: others go out as `?`, and no sync can read them back. */
export function namesIn(charset: string): [given: string, family: string][] {
  if (charset.startsWith('UNICODE')) return NAMES;
  const limit = charset.startsWith('8859') ? 0xff : 0x7f;
  return NAMES.filter((name) => Array.from(name.join('')).every((letter) => letter.codePointAt(0)! <= limit));
}

export const hl06 = defineCheck({
  id: 'HL-06',
  title: 'Accented names arrive letter for letter',
  group: 'hl7v2',
  severity: 'M',
  level: 1,
  requirement: 'Names outside ASCII arrive in the CRM with the same characters, by the character set that the message declares.',
  seeds: ['S4'],
  harm: 'Mrs Núñez gets a letter to NÃºÃ±ez, and is not found under her name.',
  needs: ['hl7'],
  async act(world) {
    const names = namesIn(world.link.charset);
    await world.note('names', names.length);
    for (const [given, family] of names) {
      const person = world.person(`accented ${given}`);
      const [official, ...others] = person.names;
      const named = [{ ...official!, given: [given], family: `${family}-${person.canary.name}` }, ...others];
      await world.register(`accented ${given}`, { ...person, names: named });
    }
    await world.settled('arrived');
  },
  expect: (facts) =>
    facts.note('names') === 0
      ? [untestable('did-not-bite', 'This link sends ASCII alone: it holds no accented letter.')]
      : facts.asMapped('arrived'),
});

import { defineCheck } from '../check.ts';

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
    for (const [given, family] of [
      ['José', 'Núñez'],
      ['Zoë', 'Müller-Øst'],
      ['Łukasz', 'Žižek'],
    ]) {
      const person = world.person(`accented ${given}`);
      const [official, ...others] = person.names;
      const names = [{ ...official!, given: [given!], family: `${family}-${person.canary.name}` }, ...others];
      await world.register(`accented ${given}`, { ...person, names });
    }
    await world.settled('arrived');
  },
  expect: (facts) => facts.asMapped('arrived'),
});

import { defineCheck, fail } from '../check.ts';

const LONG = 'Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson ';

export const dq08 = defineCheck({
  id: 'DQ-08',
  title: 'What the CRM cannot hold is cut, held back or reported, never lost in silence',
  group: 'quality',
  severity: 'M',
  level: 1,
  requirement:
    'A text longer than its field, a code that the pick list lacks and a record without what the CRM requires are dealt with as the map says, and what is held back is reported by the name of the field.',
  seeds: ['S0'],
  harm: 'A whole patient is missing because of the name of a village, and nobody is told.',
  maps: [{ source: 'Patient' }, { source: 'Appointment' }],
  waitsOut: true,
  async act(world) {
    const patient = await world.register('patient');
    const visit = await world.book('visit', patient);
    const field = world.sizedField('Patient', 'city');
    const city = LONG.repeat(9)
      .slice(0, (field?.size ?? 40) + 20)
      .trim();
    const person = world.person('long');
    const addresses = person.addresses.map((one) => (one.use === 'home' ? { ...one, city } : one));
    await world.register('long', { ...person, addresses });
    if (!(await world.settled('cut'))) return;
    await world.update(visit, { status: 'waitlist' }, 'modify');
    if (!(await world.settled('coded'))) return;
    await world.note('lines', world.subject.linesPrinted);
    const named = world.person('nameless');
    const names = named.names.slice(0, 1).map(({ use, given, family }) => ({ use, given, family }));
    const nobody = { ...named, names: names.map((name) => ({ ...name, family: undefined as never })) };
    const nameless = await world.register('nameless', nobody);
    await world.settled('nameless');
    await world.update(nameless, { name: names });
    await world.settled('named');
  },
  expect(facts) {
    for (const mark of ['cut', 'coded']) {
      const findings = facts.asMapped(mark);
      if (findings.length > 0) return findings;
    }
    const [field = ''] = facts.mappedFields('nameless', '.family');
    const [row] = facts.rows('nameless', 'nameless');
    // Written with a word that stands for the name, or held back; a row without a name is neither.
    const blank =
      row && !row[field] ? [fail('wrong-value', `${field} is empty in a row that the CRM should not have taken.`)] : [];
    const told = row ? [] : facts.crm.wasReported(field, facts.note<number>('lines') ?? 0);
    return [...blank, ...told, ...facts.asMapped('named')];
  },
});

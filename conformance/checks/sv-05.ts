import { defineCheck, fail } from '../check.ts';

const SHORT = 10;

export const sv05 = defineCheck({
  id: 'SV-05',
  title: 'A field that the CRM made shorter is reported by name, and keeps what it holds',
  group: 'schema',
  severity: 'm',
  level: 2,
  requirement:
    'When an administrator makes a mapped field shorter, what no longer fits is reported by the name of the field, the old value stays, and others are written on.',
  seeds: ['S0'],
  harm: 'An administrator tidies up a field on Friday; by Monday a third of the patients has stopped syncing, and no log says why.',
  maps: [{ source: 'Patient' }],
  alone: true,
  async act(world) {
    const field = world.sizedField('Patient', 'city');
    const living = (name: string, city: string) => {
      const person = world.person(name);
      return { ...person, addresses: person.addresses.map((one) => (one.use === 'home' ? { ...one, city } : one)) };
    };
    const patient = await world.register('patient', living('patient', 'Rye'));
    if (!(await world.settled('before')) || !field) return;
    await world.note('field', field.field);
    await world.note('lines', world.subject.linesPrinted);
    await world.crm.alter('shorter', field, { length: SHORT });
    await world.update(patient, { address: living('patient', 'New Rochelle Heights').addresses });
    await world.register('newcomer', living('newcomer', 'Troy'));
    await world.settled('shorter');
    await world.crm.restore('shorter');
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.settled('restored');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const field = facts.note<string>('field') ?? '';
    const held = (label: string) => facts.rows('patient', label)[0]?.[field] ?? '(empty)';
    const [before, after] = [String(held('before')), String(held('shorter'))];
    const isKept = after === before || (after.length >= SHORT / 2 && 'New Rochelle Heights'.startsWith(after));
    const lost = isKept ? [] : [fail('value-lost', `${field} lost what it held.`, { expected: before, actual: after })];
    const stuck =
      facts.rows('newcomer', 'shorter').length === 1 ? [] : [fail('missing', 'A patient whose values fit was not written.')];
    return [...lost, ...stuck, ...facts.crm.wasReported(field, facts.note<number>('lines') ?? 0), ...facts.asMapped('restored')];
  },
});

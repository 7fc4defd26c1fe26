import { defineCheck, fail } from '../check.ts';

export const sv03 = defineCheck({
  id: 'SV-03',
  title: 'One history is one record, whatever the vendor',
  group: 'schema',
  severity: 'M',
  level: 1,
  requirement: 'The same history at hospitals of several vendors leaves the same values in the CRM, to the letter.',
  seeds: ['S1'],
  harm: 'The dialler reads the numbers of one hospital and skips those of the other.',
  needs: ['two-vendors'],
  async act(world) {
    const patient = await world.register('patient', world.sharedPerson('patient'));
    const appointment = await world.book('appointment', patient, { start: world.at(9, 9, 15), type: 'Follow-up' });
    if (!(await world.settled('booked'))) return;
    await world.update(patient, { telecom: world.sharedPerson('other number').telecom });
    await world.cancel(appointment);
    await world.settled('changed');
  },
  expect(facts) {
    const mapped = [...facts.asMapped('booked'), ...facts.asMapped('changed')];
    if (mapped.length > 0) return mapped;
    const others = facts.elsewhere('patient', 'changed');
    return facts.asked('patient', 'changed').flatMap(({ expected, row }) =>
      others.flatMap(({ site, ...other }) =>
        [...expected]
          .filter(([field, asked]) => other.expected.get(field) === asked && (row[field] ?? null) !== (other.row[field] ?? null))
          .map(([field]) =>
            fail('vendors-differ', `${field} of one history is written otherwise than that of ${site}.`, {
              expected: String(other.row[field]),
              actual: String(row[field]),
            }),
          ),
      ),
    );
  },
});

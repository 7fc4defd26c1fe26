import { defineCheck } from '../check.ts';

const url = (name: string) => `http://hospital.example/fhir/${name}`;
const wishes = (hours: string, needed: boolean, channel: string) => [
  { url: 'http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired', valueBoolean: needed },
  { url: url('quiet-hours'), valueString: hours },
  { url: url('preferred-channel'), valueCode: channel },
];

export const cn06 = defineCheck({
  id: 'CN-06',
  title: 'How a patient wants to be reached follows the EHR',
  group: 'consent',
  severity: 'm',
  level: 1,
  requirement:
    'Need of an interpreter, quiet hours and preferred channel are in the CRM as the map says, and change there in the row that has their history.',
  seeds: ['S3'],
  harm: 'A deaf patient is called at night, in a language that they do not speak.',
  needs: ['poll'],
  maps: [{ source: 'Patient', path: 'patient-interpreterRequired' }],
  async act(world) {
    const patient = await world.register('patient');
    const wished = await world.update(patient, { extension: wishes('21:00-08:00', true, 'email') });
    if (!(await world.settled('wished'))) return;
    await world.update(wished, { extension: wishes('22:30-07:15', false, 'phone') });
    await world.settled('changed');
  },
  expect(facts) {
    const baseline = facts.asMapped('wished');
    if (baseline.length > 0) return baseline;
    return [...facts.asMapped('changed'), ...facts.createdOnce('patient')];
  },
});

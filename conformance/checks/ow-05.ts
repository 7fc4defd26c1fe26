import { defineCheck, fail, untestable } from '../check.ts';

/** A language that nobody in a cohort has and no CRM user chooses. */
const LEARNT = 'haw';

interface Speaker {
  communication?: { language?: { coding?: { code?: string }[] } }[];
}
const languages = (image: unknown): (string | undefined)[] =>
  ((image as Speaker | null)?.communication ?? []).map(({ language }) => language?.coding?.[0]?.code);

/**
 * The subject's write is held at the door of the EHR while the clinic changes the same chart: another number, and one more language
 * beside those that the patient speaks, in the list that a change of the preferred one has to replace. Then the write goes on and meets
 * the vendor's own answer to a stale version (Oracle Health 409, others 412) where it states one. How the subject gets it right is its
 * own affair: both edits stand at the end.
 */
export const ow05 = defineCheck({
  id: 'OW-05',
  title: 'What the clinic changed between reading and writing is not lost',
  group: 'ownership',
  severity: 'B',
  level: 3,
  requirement:
    'When the version of a chart moves between the reading of the subject and its write, it reads again and merges: the edit of the clinic and that of the CRM both stand.',
  seeds: ['S0'],
  harm: 'The nurse adds that the patient is deaf, and half a second later a sync puts back the list that it had read before.',
  capabilities: ['write_back'],
  needs: ['crm-back', 'write-back', 'versioned-write'],
  maps: [{ source: 'Patient', owner: 'crm' }],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const edit = world.ownedField('crm', patient);
    if (!edit) return;
    await world.calls.holdWriteBack('write', patient);
    await world.crmEdit(patient, { [edit.field]: edit.value });
    if (await world.seen(() => world.hasFired('write'), world.rereadWindow)) {
      const { communication = [] } = patient.resource as Speaker;
      const learnt = { language: { coding: [{ system: 'urn:ietf:bcp:47', code: LEARNT }] } };
      const telecom = world.person('other number').telecom;
      await world.update(patient, { telecom, communication: [...communication, learnt] });
      await world.note('moved', true);
    }
    await world.heal('write');
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const last = facts.imageOf('patient', 'after');
    const lost =
      facts.note('moved') && !languages(last).includes(LEARNT)
        ? [
            fail('lost-update', 'The language that the clinic added while the subject wrote is gone from the chart.', {
              expected: LEARNT,
              actual: languages(last).join(', ') || 'none',
              evidence: facts.ehrWrites('before').map(({ event }) => event),
            }),
          ]
        : [];
    const still = facts.note('moved') ? [] : [untestable('did-not-bite', 'The subject wrote nothing that could be overtaken.')];
    return [
      ...facts.wasEdited('patient', 'before'),
      ...lost,
      ...facts.asMapped('after'),
      ...facts.otherElementsChanged('patient', 'before', 'after'),
      ...still,
    ];
  },
});

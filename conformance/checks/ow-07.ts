import { defineCheck, fail, untestable } from '../check.ts';

/** A second try is fair, as some hospitals refuse when they are busy; a third is a patient's data sent in vain. */
const ATTEMPTS = 2;

/**
 * Seen from outside, that somebody hears of a refusal is a field of the subject's own in the CRM (`owner: sync`), other than it was
 * where the edit was refused and as it was where one was taken; where the map has none, the count of its `failed` hook, which has to
 * rise (whatever else may have failed meanwhile). Without either, attempts and queue alone are judged. Of attempts only those within
 * the sync window are counted: who waits longer between two of them is not seen.
 */
export const ow07 = defineCheck({
  id: 'OW-07',
  title: 'An edit that the EHR refuses is tried twice at most, shown in the CRM, and holds up nobody',
  group: 'ownership',
  severity: 'M',
  level: 2,
  requirement:
    'A write-back that the EHR refuses for its content is attempted at most twice, leaves a mark in the CRM where the map has a field for one, and does not keep the next ones from their way.',
  seeds: ['S0'],
  harm: 'The call centre believes that the clinic knows; the hospital has refused the same message all weekend, and all that came behind it waits.',
  capabilities: ['write_back'],
  needs: ['crm-back', 'write-back'],
  maps: [{ source: 'Patient', owner: 'crm' }],
  waitsOut: true,
  async act(world) {
    const refused = await world.register('refused');
    const behind = await world.register('behind');
    if (!(await world.settled('before'))) return;
    await world.subject.countFailed('before');
    await world.calls.refuseWriteBack('refusal', refused);
    const edit = async (patient: typeof refused): Promise<void> => {
      const to = world.ownedField('crm', patient);
      if (to) await world.crmEdit(patient, { [to.field]: to.value });
    };
    await edit(refused);
    await world.seen(() => world.hasFired('refusal'), world.rereadWindow);
    await edit(behind);
    await world.settled('after');
    await world.subject.countFailed('after');
    await world.heal('refusal');
    // Who gave up waits for the user to think again.
    await edit(refused);
    await world.settled('taken');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const edited = facts.editsOf('refused');
    const others = facts
      .asMapped('after')
      .filter(({ reason, evidence }) => reason !== 'not-written-back' || !evidence.some((event) => edited.includes(event)));
    const actual = String(facts.hits('refusal'));
    const often =
      facts.hits('refusal') > ATTEMPTS
        ? [fail('tried-often', `What the EHR refuses was sent ${actual} times.`, { expected: `at most ${ATTEMPTS}`, actual })]
        : [];
    const usual = facts.ownFieldsChanged('behind', 'before', 'after');
    const isMarked = facts.ownFieldsChanged('refused', 'before', 'after').some((field) => !usual.includes(field));
    const [failedBefore, failedAfter] = ['before', 'after'].map((label) => facts.note<number>(`failed ${label}`));
    const isCounted = failedBefore === undefined || failedAfter === undefined || failedAfter > failedBefore;
    const isShown = facts.hasOwnField('refused') ? isMarked : isCounted;
    const unmarked = isShown
      ? []
      : [
          fail('not-marked', 'Nothing that people look at says that the EHR refused the edit.', {
            expected: 'a mark',
            evidence: edited,
          }),
        ];
    const wrongHook = facts.hasOwnField('refused') ? undefined : facts.note<string>('failed hook');
    const uncounted = wrongHook ? [untestable('no-count', `What the subject gave up cannot be counted: ${wrongHook}`)] : [];
    return [
      ...facts.wasEdited('refused', 'before'),
      ...facts.didBite('refusal'),
      ...often,
      ...unmarked,
      ...uncounted,
      ...others,
      ...facts.asMapped('taken'),
    ];
  },
});

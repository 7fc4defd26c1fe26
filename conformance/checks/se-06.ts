import { defineCheck } from '../check.ts';

/** What the CRM shows, the trail tells of once the sync has its answer, and has come to write it down. */
const WRITTEN_WITHIN_MS = 1_000;

/** So far apart that what is said of the first look, true within two seconds, cannot be said of the next. */
const LOOKS_APART_MS = 3_000;

/**
 * The trail is held against what the systems saw, in both directions: what was shown or written and is not in it, and what is in it and
 * never was. What the subject looks up in the CRM may stand in it, and has to where the manifest says so (`promises.audited_reads`).
 */
export const se06 = defineCheck({
  id: 'SE-06',
  title: 'The audit trail tells of every access, truly, and is only added to',
  group: 'security',
  severity: 'M',
  level: 1,
  requirement:
    'For each reading, writing and export of patient data the audit trail that the manifest names says who, what and when, and what stood before and after a change; nothing in it is untrue, and nothing is ever changed in it.',
  seeds: ['S0', 'S3'],
  harm: 'A chart was opened that nobody should have opened, and nobody can say by whom, or prove that it was not so.',
  capabilities: ['audit'],
  async act(world) {
    await world.note('showings', 'all');
    const patient = await world.register('patient');
    const visit = await world.book('visit', patient);
    if (!(await world.settled('arrived'))) return;
    await world.pass(LOOKS_APART_MS);
    // A write that the CRM refuses at first is one write, when it is done.
    const where = { sim: 'crm', text: patient.person.mrn };
    await world.arm('refused once', { fault: 'vendor-error', params: { error: 'unavailable' }, where, times: 1 });
    await world.update(patient, { telecom: world.person('number').telecom });
    await world.cancel(visit);
    const edit = world.site.channels.write_back !== 'none' && world.readsEdits && world.ownedField('crm', patient);
    if (edit) await world.crmEdit(patient, { [edit.field]: edit.value });
    await world.settled('changed');
    await world.pass(WRITTEN_WITHIN_MS);
    await world.subject.lookAtAudit();
  },
  expect(facts) {
    const found = [...facts.asMapped('arrived'), ...facts.audit.isNamed()];
    if (found.length > 0) return found;
    return [...facts.audit.findings('changed'), ...facts.didBite('refused once'), ...facts.asMapped('changed')];
  },
});

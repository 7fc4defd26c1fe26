import { defineCheck, fail } from '../check.ts';
import { CALM } from '../facts/alert-facts.ts';

const VISITS = Array.from({ length: 8 }, (_, n) => `visit ${n + 1}`);
const A_PAGE = 2;
/** The first page takes longer to arrive than a token lives: the next one is asked for when it has ended. */
const SLOW = { pieces: 4, pauseMs: 400 };
const TOKEN_S = 1;
/** Refused calls a second that are still no storm: readers of several charts try each of them. */
const STORM = 20;
const LONGEST_MS = 10_000;

export const se08 = defineCheck({
  id: 'SE-08',
  title: 'A token that ends costs nothing, and a right that is withdrawn wipes nothing',
  group: 'security',
  severity: 'B',
  level: 2,
  requirement:
    'When a token ends between two pages the reading goes on without a gap; when a right is withdrawn the subject stops, says so, and leaves the CRM as it is.',
  seeds: ['S1'],
  harm: 'The hospital withdraws a right by mistake, and an hour later a thousand patients have no telephone number in the CRM.',
  needs: ['poll'],
  alone: true,
  async act(world) {
    const tenant = world.site.name;
    await world.subject.watch(CALM);
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    await world.subject.watched(CALM);
    const { mrn } = patient.person;
    if (world.site.channels.read.some(({ kind }) => kind === 'hl7'))
      await world.arm('unheard of', { fault: 'drop', where: { sim: 'hl7', tenant, operation: 'SIU^S12', text: mrn } });
    await world.pageLimit(A_PAGE);
    try {
      await world.arm('short lived', { fault: 'short-tokens', params: { seconds: TOKEN_S }, where: { sim: 'ehr', tenant } });
      const slowly = (text: string, times: number) => ({
        fault: 'slow-body',
        params: SLOW,
        where: { sim: 'ehr', tenant, type: 'Appointment', text },
        times,
      });
      // One search may be under way before the visits are there.
      await world.arm('page by page', slowly(patient.ref.id, 2));
      // Where visits are found otherwise, they are asked for by their ids.
      const [first] = await world.bookAll(VISITS, patient);
      await world.arm('id by id', slowly(first!.ref.id, 1));
      await world.settled('read');
      for (const name of ['page by page', 'id by id', 'short lived']) await world.heal(name);
    } finally {
      await world.pageLimit(0);
    }
    await world.subject.watch('withdrawn');
    const params = { type: 'Patient', access: 'read' };
    await world.arm('withdrawn', { fault: 'scope-withdrawn', params, where: { sim: 'ehr', tenant } });
    await world.pass(Math.min(2 * world.pollInterval + world.retry.max_wait, LONGEST_MS));
    await world.settled('withdrawn');
    await world.subject.watched('withdrawn');
    await world.heal('withdrawn');
    // Those that were given meanwhile lack the right for as long as they live.
    await world.arm('anew', { fault: 'tokens-end', where: { sim: 'ehr', tenant } });
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const unread = [...facts.didBite('short lived'), ...facts.didBite('page by page', 'id by id'), ...facts.asMapped('read')];
    if (unread.length > 0) return unread;
    const refused = facts.refusals(403, 'rule withdrawn', 'withdrawn');
    const allowed = STORM * Math.ceil(facts.seconds('rule withdrawn', 'withdrawn'));
    const storm =
      refused.length > allowed
        ? [
            fail('storm', `It went on: ${refused.length} calls were refused while it had no right to read patients.`, {
              expected: `at most ${allowed}`,
              actual: String(refused.length),
              evidence: refused.slice(0, 1),
            }),
          ]
        : [];
    return [
      ...facts.didBite('withdrawn'),
      ...facts.wereRefused(refused),
      ...facts.asMapped('withdrawn'),
      ...storm,
      ...facts.alerts.raised(
        'withdrawn',
        /\b403\b|forbidden|scope|permission|denied|unauthori[sz]ed/i,
        'it may no longer read patients',
      ),
      ...facts.asMapped('after'),
    ];
  },
});

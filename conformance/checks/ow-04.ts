import { defineCheck, fail } from '../check.ts';

const SECOND_MS = 1_000;
/** What the desk of the clinic and the call centre take down at the same moment, in minutes from now. Of the last two either may stand. */
const CONFLICTS = [
  { name: 'clinic later', purpose: 'reminders', channel: 'sms', clinic: ['deny', -1], call: ['permit', -2], winner: 'clinic' },
  { name: 'call centre later', purpose: 'marketing', channel: 'sms', clinic: ['deny', -2], call: ['permit', -1], winner: 'call' },
  { name: 'same second', purpose: 'marketing', channel: 'email', clinic: ['deny', -1], call: ['permit', -1], winner: undefined },
] as const;

/**
 * Both systems are told something else of one consent at the same moment. A decision says when it was taken, so that the rule of the
 * map decides and not the clock of a server; two decisions of one second are closer than clocks are, and then agreement is all that
 * is asked. That the one which lost is on record is judged where the manifest names an audit trail: the moment at which it was taken, which
 * no other decision has, stands in an entry about it.
 */
export const ow04 = defineCheck({
  id: 'OW-04',
  title: 'Of two edits of one field at once the one that the rule says stands, in both systems',
  group: 'ownership',
  severity: 'B',
  level: 2,
  requirement:
    'When the EHR and a CRM user change the same shared field at the same moment, both systems end with the same value: the one that the rule of the map chooses.',
  seeds: ['S0'],
  harm: 'The patient says no at the desk while the call centre saves an older yes, and which of the two counts depends on the weather.',
  needs: ['poll', 'crm-back', 'write-back'],
  maps: [{ source: 'Consent', owner: 'shared', conflict: ['newest', 'most-restrictive'] }],
  async act(world) {
    const patient = await world.register('patient');
    const form = { decision: 'permit', at: world.minutes(-90), method: 'paper', source: 'Registration form' } as const;
    const made = await Promise.all(
      CONFLICTS.map(({ name, purpose, channel }) => world.consent(name, patient, { purpose, channel, ...form })),
    );
    if (!(await world.settled('before'))) return;
    await Promise.all(
      CONFLICTS.flatMap(({ name, clinic, call }, i) => {
        const consent = made[i]!;
        const at = { clinic: world.minutes(clinic[1]), call: world.minutes(call[1]) };
        return [
          world.note(`at ${name}`, at),
          world.decide(consent, { decision: clinic[0], at: at.clinic, method: 'paper', source: 'Front desk' }),
          world.crm.decide(consent, { decision: call[0], at: at.call, method: 'phone', source: 'Call centre' }),
        ];
      }),
    );
    await world.settled('after');
    await world.subject.lookAtAudit();
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const restrictive = facts.conflictRule(CONFLICTS[0].name, 'provision.type') === 'most-restrictive';
    const wrong = CONFLICTS.flatMap(({ name, clinic, call, winner }) => {
      const held = facts.imageOf(name, 'after') as { dateTime?: string; provision?: { type?: string } } | null;
      const at = facts.note<{ clinic: number; call: number }>(`at ${name}`);
      const loses = (expected: string, actual: string) => [
        fail('wrong-winner', `Not the edit that the rule chooses stands in the EHR (${name}).`, { sub: name, expected, actual }),
      ];
      if (restrictive) return held?.provision?.type === 'deny' ? [] : loses('deny', held?.provision?.type ?? 'none');
      if (!winner || !at) return [];
      const [decision, moment] = [{ clinic, call }[winner][0], at[winner]];
      const isIt = Math.abs(Date.parse(held?.dateTime ?? '') - moment) <= SECOND_MS && held?.provision?.type === decision;
      return isIt ? [] : loses(decision, held?.provision?.type ?? 'none');
    });
    const unheard = CONFLICTS.flatMap(({ name, winner }) => {
      const at = facts.note<{ clinic: number; call: number }>(`at ${name}`);
      if (!facts.audit.isKept || restrictive || !winner || !at) return [];
      return facts.audit.tellsOf(name, winner === 'clinic' ? at.call : at.clinic, 'after');
    });
    return [
      ...CONFLICTS.flatMap(({ name }) => [...facts.wasEdited(name, 'before'), ...facts.splitBrain(name, 'after')]),
      ...wrong,
      ...unheard,
      ...facts.asMapped('after'),
    ];
  },
});

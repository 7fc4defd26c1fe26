import { describe, expect, it } from 'vitest';
import type { CheckDefinition } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { Evidence } from './facts/evidence.ts';
import type { Finding } from './result.ts';
import { PERFECT } from './testing/behaviour.ts';
import { JournalBuilder } from './testing/journal-builder.ts';
import { play } from './testing/play.ts';
import { evidenceOf, MAP, manifest, site } from './testing/setting.ts';

const byId = (id: string): CheckDefinition => CHECKS.find((check) => check.id === id)!;
const withCases = CHECKS.filter(({ cases }) => cases);

describe('sub-cases', () => {
  it.each(withCases)('$id: each is a person, record or message that it makes', async (check) => {
    const { evidence, cohort } = await play(check, PERFECT);
    const notes = [...(evidence.facts.checks.get(cohort)?.notes.keys() ?? [])];
    expect(check.cases!.filter((name) => !notes.includes(`record ${name}`) && !notes.includes(`given ${name}`))).toEqual([]);
  });

  const found = (...subs: (string | undefined)[]): Finding[] =>
    subs.map((sub) => ({ verdict: 'fail', reason: 'wrong-value', message: '', evidence: [], ...(sub && { sub }) }));

  it.each<[string, Finding[], number]>([
    ['all hold', [], 2],
    ['one does not', found('born 1957'), 1],
    ['one, told twice', found('born 1957', 'born 1957'), 1],
    ['both do not', found('born 1957', 'born 1962-07'), 0],
    ['what belongs to none of them is laid to all', found('born 1957', undefined), 0],
    ['so is another name', found('somebody'), 0],
  ])('%s', (_, findings, passed) => {
    const builder = new JournalBuilder('DQ-04/epic');
    builder.begin();
    builder.end();
    const evidence = evidenceOf(builder);
    const judged = evidence.judge({ ...byId('DQ-04'), expect: () => findings }, manifest().sites);
    expect(judged.cases).toEqual({ of: 2, passed });
  });

  it('are counted at each site', () => {
    const two = manifest([site(), site({}, { name: 'lakeside' })]);
    const builder = new JournalBuilder('DQ-04/epic');
    builder.begin();
    builder.end();
    const evidence = new Evidence(evidenceOf(builder).facts, MAP, two);
    const judged = evidence.judge({ ...byId('DQ-04'), expect: () => found('born 1957') }, two.sites);
    expect(judged.cases).toEqual({ of: 4, passed: 1 });
    expect(judged.sites).toEqual([
      { site: 'epic', verdict: 'fail' },
      { site: 'lakeside', verdict: 'untestable' },
    ]);
  });
});

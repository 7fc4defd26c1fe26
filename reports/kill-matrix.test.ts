import { expect, it } from 'vitest';
import { type KillMatrix, killMatrix } from './kill-matrix.ts';

const matrix: KillMatrix = {
  checks: ['ID-01', 'ID-02', 'ID-03'],
  mutants: [
    {
      ...{ id: 'loses <b>', kind: 'broken', blind: true, wrong: [] },
      kills: [{ check: 'ID-01', reason: 'missing' }],
      failed: [
        { check: 'ID-01', reason: 'missing' },
        { check: 'ID-02', reason: 'not-read' },
      ],
    },
    { ...{ id: 'keeps', kind: 'lawful', blind: false, wrong: ['ID-02 is fail'] }, kills: [], failed: [] },
  ],
};

it.each([
  ['what must fail, and did', '<td title="ID-01: missing">●</td>'],
  ['what failed beside it', 'title="ID-02: not-read">○</td>'],
  ['a check that nobody is failed by', '<tr><th>ID-03</th><td>unproven</td>'],
  ['what was not as expected', '<b>keeps</b> ID-02 is fail'],
  ['names as text', 'loses &lt;b&gt;'],
])('shows %s', (_, text) => expect(killMatrix(matrix)).toContain(text));

it('shows what must fail, and did not', () => {
  const [loses] = matrix.mutants;
  expect(killMatrix({ ...matrix, mutants: [{ ...loses!, failed: [] }] })).toContain('<td title="ID-01: missing">✗</td>');
});

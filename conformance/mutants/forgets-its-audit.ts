import { readFileSync, writeFileSync } from 'node:fs';
import { defineMutant } from './define.ts';

const LINES = 5;

export const forgetsItsAudit = defineMutant({
  id: 'forgets-its-audit',
  breaks: 'Keeps no more than the last lines of its audit trail.',
  steps: (reference) => ({
    appendAudit(file, line) {
      reference.appendAudit(file, line);
      const lines = readFileSync(file, 'utf8').split('\n');
      if (lines.length > LINES) writeFileSync(file, lines.slice(-LINES).join('\n'));
    },
  }),
  kills: [{ check: 'SE-06', reason: 'rewritten' }],
});

import { defineMutant } from './define.ts';

type Noted = { note?: { text: string }[] };

export const copiesNotes = defineMutant({
  id: 'copies-notes',
  breaks: 'Puts the notes of problems into the description of the contact.',
  reads: 'both',
  steps: (reference) => ({
    mapProblems(conditions, observations, now, steps) {
      const notes = (conditions as Noted[]).flatMap(({ note = [] }) => note.map(({ text }) => text));
      return {
        ...reference.mapProblems(conditions, observations, now, steps),
        ...(notes.length > 0 && { Description: notes.join(' ') }),
      };
    },
  }),
  kills: [{ check: 'CS-01', reason: 'note-copied' }],
});

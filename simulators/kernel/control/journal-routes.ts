import { EVENT_KINDS, type EventDraft, type EventKind } from '../journal.ts';
import type { Kernel } from '../kernel.ts';
import { EVENT_DRAFT, JOURNAL_EVENT } from './forms.ts';
import { ControlError, type ControlRoute } from './route.ts';
import { list, object, oneOf, text, whole } from './schema.ts';
import { journalStream, placeOf } from './stream.ts';

const MOST = 10_000;

/** The journal, read and followed; and what the judge adds to it. */
export function journalRoutes(kernel: Kernel, ended: AbortSignal): [ControlRoute<never>, ControlRoute<EventDraft[]>] {
  const { journal } = kernel;
  return [
    {
      method: 'GET',
      path: '/v1/journal',
      operation: 'journal',
      doc: 'Events after `after`: JSON, or Server-Sent Events when asked for text/event-stream (resumes by Last-Event-ID; where the journal was put back meanwhile, an event `restored` says from where it goes on).',
      query: {
        after: text('Number of the event after which to begin, or `incarnation:number`.', { default: '0' }),
        limit: whole('At most so many.', { minimum: 1, default: 1000 }),
        kind: oneOf(EVENT_KINDS, 'Only events of this kind.'),
        pace: whole('Of a stream: so many milliseconds lie between two writes at least; events in between come at once.', {
          minimum: 0,
          default: 0,
        }),
      },
      answer: object({
        head: whole('Newest event.'),
        incarnation: whole('Of this start of the process.'),
        events: list(JOURNAL_EVENT),
      }),
      also: { 'text/event-stream': 'Each event with its id, `incarnation:number`.' },
      run: ({ context: { request }, query }) => {
        const given = request.headers['last-event-id'] ?? String(query.after);
        const place = placeOf(given);
        if (!place) throw new ControlError(400, `"after" must be the number of an event, or incarnation:number, not ${given}`);
        if (request.headers.accept?.includes('text/event-stream')) {
          const ms = Number(query.pace);
          return journalStream(journal, place, ended, ms > 0 ? { ms, clock: kernel.clock } : undefined);
        }
        const limit = Math.min(Number(query.limit), MOST);
        const events = journal.read({ after: place.seq, limit, kind: query.kind as EventKind | undefined });
        return { head: journal.head, incarnation: journal.incarnation, events };
      },
    },
    {
      method: 'POST',
      path: '/v1/journal',
      operation: 'note',
      doc: 'Adds events of the judge (kinds run, check, subject).',
      body: list(EVENT_DRAFT),
      answer: object({ seqs: list(whole()) }),
      run: ({ body }) => kernel.database.transaction(() => ({ seqs: body.map((draft) => journal.append(draft).seq) })),
    },
  ];
}

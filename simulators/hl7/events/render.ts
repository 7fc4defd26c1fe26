import type { JournalEvent, RecordRef } from '#kernel';
import { buildMessage, type Segment } from '../message/build.ts';
import type { People } from '../people.ts';
import { evn, msh } from '../segments/header.ts';
import { mrnOf } from '../segments/pid.ts';
import type { SiteFacts } from '../site.ts';
import { triggerOf } from './index.ts';

/** A message to send. */
export interface Rendered {
  /** MSH-10. */
  control: string;
  /** `ADT^A08`. */
  message: string;
  /** MRN of the person it is about. */
  person: string;
  text: string;
  records: RecordRef[];
}

/** What a commit gives to send, and what it leaves unsaid, with the reasons. */
export interface Rendering {
  messages: Rendered[];
  silent: { reason: string; records: RecordRef[] }[];
}

const WITH_EVENT = /^(ADT|MDM)/;

/** Renders a commit. @param nextControl gives each message its control id. */
export function render(event: JournalEvent, facts: SiteFacts, people: People, nextControl: () => string): Rendering {
  const trigger = triggerOf(event.act ?? '', facts.dialect, facts.version);
  const all = event.records ?? [];
  if (!trigger) return { messages: [], silent: [{ reason: `this link sends nothing for the act ${event.act}`, records: all }] };
  const wall = facts.clockOffset ? new Date(Date.parse(event.wall) + facts.clockOffset).toISOString() : event.wall;
  const messages: Rendered[] = [];
  const silent: Rendering['silent'] = [];
  for (const subject of trigger.subjects(event, people, facts)) {
    if (typeof subject === 'string') {
      silent.push({ reason: subject, records: [] });
      continue;
    }
    const control = nextControl();
    const header = msh(facts, trigger.message, trigger.structure, control, wall);
    const start = WITH_EVENT.test(trigger.message) ? [header, evn(facts, trigger.message, wall)] : [header];
    const segments = standing([...start, ...trigger.segments(facts, subject)], facts);
    const text = buildMessage(segments, facts.delimiters);
    const person = mrnOf(subject.patient, facts.authority) ?? subject.patient.id ?? '';
    messages.push({ control, message: trigger.message, person, text, records: subject.records });
  }
  const told = new Set(messages.flatMap(({ records }) => records));
  const untold = all.filter((record) => !told.has(record));
  const [first] = silent;
  if (first) first.records = untold;
  else if (untold.length > 0)
    silent.push({ reason: `${trigger.message} does not tell of ${untold.map((r) => r.type).join(', ')}`, records: untold });
  return { messages, silent };
}

// Without the fields that this version withdrew.
function standing(segments: readonly Segment[], { version: { withdrawn } }: SiteFacts): readonly Segment[] {
  if (withdrawn.length === 0) return segments;
  return segments.map(({ name, fields }) => {
    const kept = Object.entries(fields).filter(([n]) => !withdrawn.includes(`${name}-${n}`));
    return { name, fields: Object.fromEntries(kept) };
  });
}

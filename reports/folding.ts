import type { JournalIndex, Step } from './model.ts';

/** An answer that follows at once shares the row of its call; anything in between keeps them apart, as it happened. */
export function joinAnswers(steps: Step[]): Step[] {
  const rows: Step[] = [];
  for (const step of steps) {
    const call = rows.at(-1);
    if (
      step.answer &&
      call?.form === 'call' &&
      !call.answer &&
      call.events.length === 1 &&
      call.lane === step.to &&
      call.to === step.lane
    ) {
      rows[rows.length - 1] = {
        ...call,
        events: [...call.events, ...step.events],
        answer: true,
        text: `${call.text} → ${step.text}`,
        detail: [call.detail, step.detail].filter(Boolean).join('\n— answer —\n'),
        tone: step.tone,
      };
    } else rows.push(step);
  }
  return rows;
}

/** Makes one row of reads in a row that showed no version that the sync had not been shown before. */
export function foldPolls(steps: Step[], index: JournalIndex): Step[] {
  const seen = new Set<string>();
  const news = (step: Step): boolean => {
    const served = step.events.flatMap((id) => index.byId.get(id)?.served ?? []);
    const fresh = served
      .map((ref) => `${ref.sim}/${ref.tenant}/${ref.type}/${ref.id}/${ref.version}`)
      .filter((key) => !seen.has(key));
    for (const key of fresh) seen.add(key);
    return fresh.length > 0;
  };
  const isPoll = (step: Step): boolean => {
    const request = index.byId.get(step.events[0] ?? '');
    return (
      step.form === 'call' && step.events.length === 2 && request?.data?.method === 'GET' && step.tone === 'plain' && !step.role
    );
  };
  const quiet = steps.map((step) => !news(step) && isPoll(step));
  const rows: Step[] = [];
  steps.forEach((step, i) => {
    const open = rows.at(-1);
    if (!quiet[i]) rows.push(step);
    else if (quiet[i - 1] && open) {
      const events = [...open.events, ...step.events];
      const texts = open.form === 'folded' ? open.detail : open.text;
      const text = `… ${events.length / 2} polls that showed nothing new`;
      rows[rows.length - 1] = {
        ...open,
        form: 'folded',
        events,
        text,
        detail: `${texts}\n${step.text}`,
        tone: 'quiet',
        to: undefined,
        answer: undefined,
      };
    } else rows.push(step);
  });
  return rows;
}

/** Keeps the rows nearest to the beginning, the end and the evidence; says how many were left out between. */
export function shorten(steps: Step[], max: number): Step[] {
  if (steps.length <= max) return steps;
  const evidence = steps.flatMap((step, i) => (step.role ? [i] : []));
  const violation = steps.findIndex((step) => step.role === 'violation');
  const anchors = [0, steps.length - 1, ...evidence.slice(0, 6), ...(violation < 0 ? [] : [violation])];
  const distance = (i: number): number => Math.min(...anchors.map((anchor) => Math.abs(anchor - i)));
  const near = steps.map((step, i) => ({ i, rank: step.role ? Math.min(1, distance(i)) : distance(i) }));
  const kept = near.sort((a, b) => a.rank - b.rank || a.i - b.i).slice(0, max - anchors.length);
  const keep = new Set(kept.map(({ i }) => i));
  const rows: Step[] = [];
  let hidden: Step[] = [];
  const flush = (): void => {
    const from = hidden[0];
    if (from)
      rows.push({
        form: 'folded',
        events: hidden.flatMap((s) => s.events),
        at: from.at,
        lane: from.lane,
        text: `… ${hidden.length} steps left out`,
        detail: '',
        tone: 'quiet',
      });
    hidden = [];
  };
  steps.forEach((step, i) => {
    if (keep.has(i)) {
      flush();
      rows.push(step);
    } else hidden.push(step);
  });
  flush();
  return rows;
}

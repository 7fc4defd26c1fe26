import { clip, type Markup, markup } from './markup.ts';
import type { Lane, Step, Story } from './model.ts';

const WIDTH = 1000;
const TIME = 96; // gutter on the left, for time and mark
const HEAD = 44;
const CHARACTER = 6.9; // mean width of a character at 12 px in the widest of the usual fonts
const HEIGHT = { call: 38, note: 32, mark: 30, folded: 28 } as const;

/** `+12 ms`, `+61 204 ms`: milliseconds after the first row. */
export const offset = (ms: number): string =>
  `+${Math.round(ms)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u202f')}\u202fms`;

const what = (step: Step): string => (step.role === 'violation' ? 'first violation' : (step.role ?? ''));

/** Middle of each lane; the outer ones keep room for their labels. */
function positions(lanes: Lane[]): Map<string, number> {
  const room = (WIDTH - TIME) / Math.max(lanes.length, 1);
  return new Map(lanes.map((lane, i) => [lane.id, TIME + room * (i + 0.5)]));
}

/** A line of text around `x` that stays inside the picture, cut where it would not fit; in full as a tooltip. */
function label(text: string, x: number, y: number, css: string): Markup {
  const shown = clip(text.replace(/\s+/g, ' '), Math.floor((WIDTH - TIME - 12) / CHARACTER));
  const half = ([...shown].length * CHARACTER) / 2;
  const middle = Math.min(Math.max(x, TIME + half), WIDTH - 6 - half);
  return markup`<text class="${css}" x="${Math.round(middle)}" y="${y}" text-anchor="middle">${shown}</text>`;
}

function arrow(from: number, to: number, y: number, css: string): Markup {
  const back = to > from ? -1 : 1;
  return markup`<path class="${css}" d="M${from} ${y}H${to}"/><path class="${css} head" d="M${to} ${y}l${back * 7} -4v8z"/>`;
}

function row(step: Step, y: number, at: Map<string, number>): Markup {
  const x = at.get(step.lane) ?? TIME;
  const height = HEIGHT[step.form];
  const css = `t ${step.tone}`;
  const tooltip = markup`<title>${[offset(step.at), what(step), step.text, step.detail].filter(Boolean).join('\n')}</title>`;
  const band = step.role && markup`<rect class="band ${step.role}" x="0" y="${y}" width="${WIDTH}" height="${height}" rx="3"/>`;
  const gutter = markup`<text class="time" x="${TIME - 12}" y="${y + height / 2 + 4}" text-anchor="end">${offset(step.at)}</text>${step.role === 'violation' && markup`<text class="cross" x="6" y="${y + height / 2 + 4}">✗</text>`}`;
  return markup`<g class="row">${tooltip}${band}${gutter}${shape(step, x, y, height, at.get(step.to ?? ''), css)}</g>\n`;
}

function shape(step: Step, x: number, y: number, height: number, to: number | undefined, css: string): Markup {
  if (step.form === 'call' && to !== undefined) {
    const only = step.answer && step.events.length === 1;
    const lines = only ? arrow(x, to, y + 25, `a dash ${step.tone}`) : arrow(x, to, y + 23, `a ${step.tone}`);
    const back = step.answer && !only && arrow(to, x, y + 31, `a dash ${step.tone}`);
    return markup`${lines}${back}${label(step.text, (x + to) / 2, y + 15, css)}`;
  }
  if (step.form === 'note') {
    const width = Math.min([...step.text].length * CHARACTER + 20, WIDTH - TIME - 12);
    const left = Math.min(Math.max(x - width / 2, TIME), WIDTH - 6 - width);
    return markup`<rect class="note ${step.tone}" x="${Math.round(left)}" y="${y + 4}" width="${Math.round(width)}" height="${height - 8}" rx="4"/>${label(step.text, left + width / 2, y + height / 2 + 4, `${css} innote`)}`;
  }
  if (step.form === 'folded') return label(step.text, (WIDTH + TIME) / 2, y + height / 2 + 4, css);
  const dot = step.colour
    ? markup`<rect x="${x - 6}" y="${y + height / 2 - 6}" width="12" height="12" rx="2" style="fill:${step.colour}" class="fault"/>`
    : markup`<circle class="dot ${step.tone}" cx="${x}" cy="${y + height / 2}" r="5"/>`;
  const half = ([...step.text].length * CHARACTER) / 2 + 14;
  const side = x + 2 * half > WIDTH ? x - half : x + half;
  return markup`${dot}${label(step.text, side, y + height / 2 + 4, css)}`;
}

/** The story of a check as an SVG picture, 1000 units wide. Its colours come from `SEQUENCE_CSS`; `id` must be unique in the page. */
export function sequenceSvg({ lanes, steps }: Story, id: string): Markup {
  const at = positions(lanes);
  let y = HEAD + 6;
  const rows = steps.map((step) => {
    const drawn = row(step, y, at);
    y += HEIGHT[step.form];
    return drawn;
  });
  const end = y + 8;
  const room = (WIDTH - TIME) / Math.max(lanes.length, 1);
  const heads = lanes.map((lane) => {
    const x = Math.round(at.get(lane.id) ?? 0);
    const name = clip(lane.label, Math.floor((room - 20) / 7));
    return markup`<path class="life ${lane.kind}" d="M${x} ${HEAD - 6}V${end}"/><rect class="lane ${lane.kind}" x="${Math.round(x - room / 2 + 8)}" y="6" width="${Math.round(room - 16)}" height="${HEAD - 12}" rx="5"><title>${lane.label}</title></rect><text class="lanename" x="${x}" y="${HEAD / 2 + 4}" text-anchor="middle">${name}</text>\n`;
  });
  return markup`<svg class="sequence" viewBox="0 0 ${WIDTH} ${end}" role="img" aria-labelledby="${id}-title"><title id="${id}-title">Sequence diagram; the same as a list follows</title>
${heads}${rows}</svg>`;
}

/** The same rows as a table, for whoever cannot see the picture or wants to read it in full. */
export function sequenceTable({ lanes, steps }: Story): Markup {
  const name = (id: string | undefined): string => lanes.find((lane) => lane.id === id)?.label ?? '';
  const rows = steps.map((step) => {
    const where = step.to ? `${name(step.lane)} → ${name(step.to)}` : name(step.lane);
    const role = step.role && markup`<b class="${step.role}">${what(step)}</b> `;
    const detail = step.detail && markup`<pre>${step.detail}</pre>`;
    return markup`<tr${step.role && markup` class="${step.role}"`}><td class="num">${offset(step.at)}</td><td>${where}</td><td>${role}${step.text}${detail}</td><td class="id">${step.events.length > 4 ? `${step.events.length} events` : step.events.join(' ')}</td></tr>\n`;
  });
  return markup`<table class="twin"><thead><tr><th>Time</th><th>Where</th><th>What</th><th>Event</th></tr></thead><tbody>
${rows}</tbody></table>`;
}

/** The same rows as plain lines, for a terminal. */
export const sequenceLines = ({ lanes, steps }: Story): { text: string; role?: Step['role'] }[] =>
  steps.map((step) => {
    const short = (id: string | undefined): string => lanes.find((lane) => lane.id === id)?.label.split(' (')[0] ?? '';
    const where = step.to ? `${short(step.lane)} → ${short(step.to)}` : short(step.lane);
    return { text: `${offset(step.at).replaceAll('\u202f', ' ').padStart(11)}  ${where}: ${step.text}`, role: step.role };
  });

export const SEQUENCE_CSS = `
.sequence{display:block;width:100%;min-width:720px;font:12px var(--sans)}
.sequence text{fill:var(--ink)}
.sequence .time{fill:var(--dim);font-size:11px;font-variant-numeric:tabular-nums}
.sequence .lane{fill:var(--sunk);stroke:var(--line)}
.sequence .lane.subject{fill:var(--accent);stroke:var(--accent)}
.sequence .lanename{font-weight:600}
.sequence .lane.subject+.lanename{fill:var(--panel)}
.sequence .life{stroke:var(--line);stroke-width:1.5;fill:none}
.sequence .life.subject{stroke:var(--accent)}
.sequence .life.harness{stroke-dasharray:3 4}
.sequence .t{paint-order:stroke;stroke:var(--panel);stroke-width:4px;stroke-linejoin:round}
.sequence .t.innote{stroke:none}
.sequence .t.bad{fill:var(--bad);font-weight:600}
.sequence .t.good{fill:var(--good)}
.sequence .t.quiet{fill:var(--dim);font-style:italic}
.sequence .a{stroke:var(--ink);stroke-width:1.4;fill:none}
.sequence .a.dash{stroke-dasharray:4 3;stroke:var(--dim)}
.sequence .a.bad{stroke:var(--bad)}
.sequence .a.head{fill:var(--ink);stroke:none}
.sequence .a.dash.head{fill:var(--dim)}
.sequence .a.bad.head{fill:var(--bad)}
.sequence .cross{fill:var(--bad);font-weight:700;font-size:14px}
.sequence .note{fill:var(--note);stroke:var(--note-line)}
.sequence .dot{fill:var(--dim)}
.sequence .dot.bad{fill:var(--bad)}
.sequence .dot.good{fill:var(--good)}
.sequence .fault{stroke:var(--panel);stroke-width:1.5}
.sequence .band.evidence{fill:var(--warn-soft)}
.sequence .band.violation{fill:var(--bad-soft);stroke:var(--bad)}
`;

import { type Markup, markup } from '../markup.ts';

/** One line of a plot: a value for each x, or none where there is nothing to say. */
export interface Line {
  name: string;
  values: readonly (number | undefined)[];
  /** Gaps are only moments at which nobody looked. */
  joined?: boolean;
}

export interface Plot {
  id: string;
  title: string;
  /** What one learns from it, in a sentence. */
  about: string;
  /** What the values are, on the axis: `ms`, `changes`. */
  unit: string;
  /** Seconds since the start, for each value. */
  seconds: readonly number[];
  lines: readonly Line[];
  /** A value drawn across: a limit. */
  mark?: { value: number; name: string };
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [1040, 250, 76, 12, 12, 28];
const TICKS = 5;

export const PLOT_CSS = `
.plot{padding:16px 20px 10px;margin:0 0 18px}.plot h3{margin:0}.plot p{margin:.2em 0 .6em}
.plot svg{width:100%;height:auto;display:block}.plot line{stroke:var(--line)}.plot text{fill:var(--dim);font:11px var(--sans)}
.plot path{fill:none;stroke:var(--c);stroke-width:1.6;stroke-linejoin:round}.plot circle{fill:var(--c)}.plot .mark{stroke:var(--bad);stroke-dasharray:5 4}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:.85rem;margin:0;padding:0;list-style:none}.legend i{display:inline-block;width:14px;height:3px;background:var(--c);vertical-align:middle;margin-right:6px}
.c0{--c:#1f77b4}.c1{--c:#d9730d}.c2{--c:#b3261e}.c3{--c:#2a8a57}.c4{--c:#7a4fb5}.c5{--c:#8a6d1d}.c6{--c:#0e8fa0}.c7{--c:#b0407f}
@media (prefers-color-scheme:dark){.c0{--c:#6fb3e8}.c1{--c:#f0a35e}.c2{--c:#ff8a80}.c3{--c:#63cd92}.c4{--c:#c7a0f2}.c5{--c:#e4b752}.c6{--c:#5fd0de}.c7{--c:#f08fc4}}
`;

const ROUND = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The least round number that is not below. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ROUND.map((one) => one * power).find((one) => one >= value * (1 - 1e-9))!;
}

const said = (value: number): string => {
  const short = value >= 100 || Number.isInteger(value) ? Math.round(value) : Number(value.toPrecision(2));
  return short.toLocaleString('en-US');
};

/** Lines over time as SVG: no script, legible on paper. A plot without any value is nothing. */
export function plot({ id, title, about, unit, seconds, lines, mark }: Plot): Markup | false {
  const shown = lines.filter(({ values }) => values.some((value) => value !== undefined));
  if (shown.length === 0 || seconds.length === 0) return false;
  const step = roundUp(Math.max(...shown.flatMap(({ values }) => values.map((value) => value ?? 0)), mark?.value ?? 0) / TICKS);
  const top = step * TICKS;
  const last = Math.max(1, seconds.at(-1)!);
  const x = (second: number): number => LEFT + (second / last) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const at = (value: number): string => value.toFixed(1);
  const across = roundUp(last / 8);
  const rows = Array.from({ length: TICKS + 1 }, (_, i) => i * step);
  const columns = Array.from({ length: Math.floor(last / across) + 1 }, (_, i) => i * across);
  return markup`<section class="panel plot" id="${id}"><h3>${title} <small class="dim">${unit}</small></h3><p class="dim">${about}</p>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
${rows.map((value) => markup`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(value))}" y2="${at(y(value))}"/><text x="${LEFT - 8}" y="${at(y(value) + 4)}" text-anchor="end">${said(value)}</text>`)}
${columns.map((second) => markup`<text x="${at(x(second))}" y="${HEIGHT - 8}" text-anchor="middle">${said(second)} s</text>`)}
${mark && markup`<line class="mark" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(mark.value))}" y2="${at(y(mark.value))}"/><text x="${WIDTH - RIGHT}" y="${at(y(mark.value) - 5)}" text-anchor="end">${mark.name}</text>`}
${shown.map((line, i) => lineOf(line, `c${i % 8}`, (n) => x(seconds[n]!), y))}
</svg><ul class="legend">${shown.map(({ name }, i) => markup`<li class="c${i % 8}"><i></i>${name}</li>`)}</ul></section>`;
}

// A value that stands alone between two gaps is a dot: a line would not show it.
function lineOf(
  { values, joined = false }: Line,
  colour: string,
  x: (n: number) => number,
  y: (value: number) => number,
): Markup {
  const pieces: string[] = [];
  const dots: Markup[] = [];
  let open = false;
  values.forEach((value, n) => {
    if (value === undefined) {
      open &&= joined;
      return;
    }
    const [left, up] = [x(n).toFixed(1), y(value).toFixed(1)];
    if (!open && values[n + 1] === undefined) dots.push(markup`<circle cx="${left}" cy="${up}" r="2"/>`);
    pieces.push(`${open ? 'L' : 'M'}${left} ${up}`);
    open = true;
  });
  return markup`<g class="${colour}"><path d="${pieces.join('')}"/>${dots}</g>`;
}

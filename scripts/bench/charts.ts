/**
 * What the generator of people with their charts takes: so many from one seed, one at a time, each made and let go.
 *   npm run bench charts -- [--people 100000] [--years 5] [--no-write]
 * Writes its section of docs/benchmarks.md.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { charts } from '#fixtures';
import { number, writeSection } from '../measure.ts';

const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';

const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '100000' },
    years: { type: 'string', default: '5' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const count = Number(values.people);
const years = Number(values.years);
const staff = {
  practitioners: ['Practitioner/1', 'Practitioner/2'].map((ref) => ({ ref, display: ref })),
  locations: [{ ref: 'Location/1', display: 'Clinic' }],
};
const cohort = { seed: 'bench', runKey: 'bench', label: 'charts', count, authority: AUTHORITY };

const began = performance.now();
const before = process.memoryUsage.rss();
let [made, records, odd, peak] = [0, 0, 0, before];
const types = new Map<string, number>();
for (const chart of charts(cohort, { name: 'bench', authority: AUTHORITY }, { years, staff })) {
  made++;
  records += chart.entries.length;
  if (chart.odd.length > 0) odd++;
  for (const { resource } of chart.entries) types.set(resource.resourceType, (types.get(resource.resourceType) ?? 0) + 1);
  if (made % 1000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
}
const seconds = (performance.now() - began) / 1000;
const mib = (bytes: number): string => number(bytes / 2 ** 20);
const each = [...types].sort((a, b) => b[1] - a[1]).map(([type, n]) => `${type} ${number(n)}`);
const text = `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]!.model.replace(/ Processor.*/, '')}, Node ${process.versions.node}.

${number(made)} people with at most ${years} years of history, from one seed, one at a time: ${number(records)} resources in ${seconds.toFixed(0)} s (${number(records / seconds)} a second); at most ${mib(peak)} MiB resident, ${mib(before)} of it before the first. ${number((odd / made) * 100)} % of the charts are odd in some way.

${each.join(', ')}.`;
console.log(text);
if (values.write) writeSection('charts', text.split('\n'));

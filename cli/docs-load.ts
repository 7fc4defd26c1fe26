import { LIMIT_NAMES } from '#conformance';
import { loadScripts } from '#scenarios';
import { table } from './markdown.ts';

/** docs/load.md */
export function loadPage(): string {
  const scenarios = loadScripts().map(({ name, doc }) => [`\`${name}\``, doc.replace(/^[A-Z][\w ]*: /, '')]);
  return `# Under load

\`\`\`sh
npx syncproof load steady --rate 50/s --duration 5m                # the bundled reference sync
npx syncproof load outage --subject syncproof.yaml --set AWAY=ehr  # yours, while the hospital is away
npx syncproof load simulators --rate 1000/s                        # how much the sandbox itself can take
\`\`\`

k6 offers commits to the sandbox as clinicians and CRM users make them; your sync does what it does; what became of each change is folded
from the journal. k6 measures nothing that counts: it only has to offer on time, and where it does not, the run is void.

## Scenarios

One k6 script each, in \`scenarios/load/\`. \`--rate\`, \`--duration\` and \`--people\` scale any of them.

${table(['scenario', 'what it is for'], scenarios)}

The reference sync is run as each asks: by messages alone (\`conformance/reference/load.yaml\`), with an export of the site's group for
\`initial-load\` (\`initial-load.yaml\`), with messages and polls for \`mixed\` (\`syncproof.yaml\`).

## What is measured

- **Latency** runs from when a change was *due* to the first instant at which all CRM rows of the record are as the map asks for that
  change, or for a later one (counted apart, as superseded). When it was due the sandbox works out from the schedule that the script
  declared (\`POST /v1/schedules\`) and the place in it that each offer carries: a script or a sandbox that is late makes latencies longer,
  never shorter. What is never seen is counted behind all others, with how long it was waited for (\`> 12 s\`).
- **Wrong at the end**: the whole population is held against the map. *Lost*: no row. *Duplicated*: two rows, or one under nobody's key.
  *Crossed*: a row holds another patient's value. *Stale*: an older or a wrong value. Counted, and the first of each told with their
  evidence (event numbers of the journal). Twenty moments in between are looked at the same way.
- **Offered against served, backlog, staleness, errors by kind**, second by second; **processor time and memory** of the sync, of each
  simulator, of k6 and of the judge, once a second, from \`/proc\` (Linux; elsewhere they are left out).
- Both clocks are one: the simulators run as processes of one machine, the CRM and each site with its links in one of its own.

A run is **void** (exit code 3) when less than 98 % of any schedule was offered, or when an event loop of the simulators stood still, once the first change was due, for
longer than a fifth of the tightest latency limit: it would be the sandbox that is judged.

## Limits

What a run is held to, beside that nothing may be wrong at its end: \`${LIMIT_NAMES.join('`, `')}\`. Most scenarios ask for \`p99=window\`, the
sync window that the manifest promises; those that break something on the way ask that nothing stays unseen (\`never=0\`). \`--limit p99=1s\`
sets another, \`--limit p99=off\` takes it away. \`late\` is the number of changes that took longer than the window, \`growth\` how much the
sync's memory may grow between the second and the last quarter of the run, in percent. Beside the most that each process took stands how much it
grew in a minute between those two: what that is in minutes goes on for a night.

## What stays

The run folder holds \`load.html\` (one page with the plots; opens offline), \`load.json\` (every number of it, for CI), \`samples.jsonl\` (each
change with its latency), the journal, the sync's own output, and k6's log, summary and exit code. \`npx syncproof judge <folder>\` takes
all of it again from the journal.

| exit code | means |
| --- | --- |
| 0 | nothing wrong at the end, all limits met |
| 1 | something is wrong, a limit was missed, or the sync ended by itself (the load is then broken off) |
| 2 | no k6, a k6 of another version, a setting or manifest that cannot be: nothing was started |
| 3 | void, or stopped by its user |
| 5 | the harness failed, the disk was full, or the sandbox was lost; what was written until then is kept |

## k6

\`K6_BIN\`, else \`k6\` in the path, else one that is built once with Go (a pinned version, into \`.cache/bin\`), else a container of the same
version (Linux, docker or podman). It has to be 2.x. Elsewhere, or spread over machines ([Kubernetes](kubernetes.md)): \`--prepare FOLDER\` writes
what is to be offered, and the script runs by itself:

\`\`\`sh
npx syncproof load volume --prepare offers --sandbox http://127.0.0.1:4000
CONTROL_URL=http://127.0.0.1:4000 SITE=epic COMMITS=$PWD/offers k6 run scenarios/load/volume.ts
\`\`\`

## How far the reference sync gets

\`npm run bench load\` offers 200 changes a second for five minutes and writes what came of it into
[benchmarks](benchmarks.md): what was offered, the percentiles, what was wrong at the end, and what a change costs by process. Processor
time of a change, in ms, in 8,000 changes at 200 a second on two cores that six others wanted as well:

| | before | now | what it was |
| --- | ---: | ---: | --- |
| reference sync | 2.4 | 1.0 | it looked through every message that it had ever applied, for each one; a call to the CRM for each record |
| hospital with its links | 1.4 | 1.3 | each event went to the judge by itself; an update wrote all its search values anew |
| CRM | 0.9 | 0.4 | a call for each record; polls once a second, which read each row six times |
| k6 | 0.8 | 0.7 | took the body of each offer apart to put its place in the schedule in |
| judge | 1.8 | 1.3 | a thousand awakenings a second; most of what is left comes after the last change |
| all | 7.3 | 4.7 | of it 3.0 to 3.9 once all is warm; the simulators' share is under 40 % of the whole, and under 50 % then |

On a machine that does nothing else, 200 changes a second for five minutes keep their goal: the figures, and the command, are in
[the benchmarks](benchmarks.md#load). An hour of soak (10 a second, two cores that twenty others wanted): 35,302 changes, nothing lost, doubled,
crossed or stale, p99 2.9 s, the memory of the sync 2 % larger at its end; void, since 95.9 % could be offered and the sandbox once stood
still for 1.3 s.

\`npx syncproof load initial-load --people 50000 --rate 10/s --duration 10m\`: 50,000 people with a visit each stood in the CRM 212 s after the sync
was started, with changes going on beside them (5,993 in ten minutes), on two cores that took turns with thirty other processes: all 105,993 seen,
and, over the whole population, nothing lost, doubled, crossed or stale. The sync took 109 s of processor time, the simulators 90 s (0.9 ms a record,
19 % of all), the judge more than both, most of it in waiting at the end, which has been mended since. The run was stopped while the judge still waited,
and such a machine makes latencies void: those of a quiet one remain to be shown. With \`--people 10000\` it ran to its end, 60 s to the last
record, 3.0 ms of processor time each in all. An export is asked for once, as Epic allows one of a group in 24 hours; that it takes a minute at least
is not held to.

## Add a scenario

One file in \`scenarios/load/\`, one line in \`scenarios/index.ts\`. Start from \`steady.ts\`: a scenario names its schedules (\`curve\`, \`atOnce\`), what each
offers (\`arrivals\`, \`changes\`, \`updates\`, \`edits\`, \`reads\`, \`reports\`), and the moments at which the world changes (\`moment\`, with \`arm\` and \`heal\`).
\`npm run load\` runs every scenario for ten seconds, and \`volume\` and \`steady\` against a sync that is frozen, one that loses and one that
doubles, whose numbers have to tell them apart; with \`-- --full\` the others, too.
`;
}

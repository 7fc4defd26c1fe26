import type { Decision, Why } from './strategy.ts';

/** The decisions of one lane, in their order. */
export interface LaneRecord {
  name: string;
  decisions: readonly Decision[];
}

/** The schedules of one check at one site, as they are kept in the run folder and followed by `syncproof replay`. */
export interface ScheduleFile {
  v: 1;
  check: string;
  site: string;
  /** Strategy that made it. */
  strategy: string;
  seed: string;
  runKey: string;
  /** How long a parked call waited at most, in ms. */
  deadlineMs: number;
  lanes: readonly LaneRecord[];
}

/** A schedule file that cannot be followed: says where and why. */
export class ScheduleError extends Error {}

const WHYS: readonly Why[] = ['chosen', 'alone', 'deadline', 'gone'];

/** One decision a line: a line number says which. */
export function printSchedule({ lanes, ...head }: ScheduleFile): string {
  const lines = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},`);
  const printed = lanes.map(({ name, decisions }) => {
    const rows = decisions.map((decision) => `        ${JSON.stringify(decision)}`).join(',\n');
    return `    {\n      "name": ${JSON.stringify(name)},\n      "decisions": [\n${rows}\n      ]\n    }`;
  });
  return `{\n${lines.join('\n')}\n  "lanes": [\n${printed.join(',\n')}\n  ]\n}\n`;
}

/** @throws ScheduleError naming line and reason. */
export function parseSchedule(text: string): ScheduleFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ScheduleError(`line ${lineOf(text, error as Error)}: this is not JSON: ${(error as Error).message}`);
  }
  const refuse = (reason: string, mark?: string): never => {
    const at = mark === undefined ? -1 : text.indexOf(mark);
    throw new ScheduleError(`line ${at < 0 ? 1 : text.slice(0, at).split('\n').length}: ${reason}`);
  };
  const file = value as Partial<ScheduleFile> | null;
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return refuse('a schedule is an object');
  if (file.v !== 1) return refuse(`version ${JSON.stringify(file.v)} is not known here; known: 1`, '"v"');
  for (const key of ['check', 'site', 'strategy', 'seed', 'runKey'] as const)
    if (typeof file[key] !== 'string' || file[key] === '') return refuse(`"${key}" must be a text`, `"${key}"`);
  if (typeof file.deadlineMs !== 'number' || !(file.deadlineMs >= 0))
    return refuse('"deadlineMs" must be a number of milliseconds', '"deadlineMs"');
  if (!Array.isArray(file.lanes) || file.lanes.length === 0) return refuse('"lanes" must hold at least one lane', '"lanes"');
  const names = new Set<string>();
  for (const lane of file.lanes as (Partial<LaneRecord> | null)[]) {
    if (typeof lane?.name !== 'string' || !Array.isArray(lane.decisions))
      return refuse('a lane has a "name" and a list of "decisions"', '"lanes"');
    if (names.has(lane.name))
      return refuse(`the lane ${JSON.stringify(lane.name)} is there twice`, `"name": ${JSON.stringify(lane.name)}`);
    names.add(lane.name);
    for (const decision of lane.decisions) {
      const fault = wrong(decision);
      if (fault) return refuse(`${fault} (lane ${JSON.stringify(lane.name)})`, JSON.stringify(decision));
    }
  }
  return file as ScheduleFile;
}

function wrong(decision: Partial<Decision> | null): string | undefined {
  if (typeof decision !== 'object' || decision === null) return 'a decision is an object';
  const { options, took, why } = decision;
  if (!Array.isArray(options) || options.some((one) => typeof one !== 'string')) return '"options" must be a list of names';
  if (typeof took !== 'string') return '"took" must be a name';
  if (!options.includes(took)) return `${JSON.stringify(took)} was taken and is not among the options`;
  if (!WHYS.includes(why as Why)) return `"why" must be one of ${WHYS.join(', ')}, not ${JSON.stringify(why)}`;
  return undefined;
}

function lineOf(text: string, { message }: Error): number {
  const position = /position (\d+)/.exec(message)?.[1];
  return text.slice(0, position ? Number(position) : text.length).split('\n').length;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStory, type Story } from './story.ts';
import { readFolder, readText } from './yaml-file.ts';

export { ARRIVALS, type Arrivals, nobodyCame, pauseBefore } from './arrivals.ts';
export { commitOf, type Known, type StoryCommit, type StoryRecord, type StoryWorld, type Teller, tell } from './runner.ts';
export type { Act, Step, Story } from './story.ts';
export { ScenarioError } from './yaml-file.ts';

/** Our stories, in the order in which lists show them: one file each in `stories/`. */
const STORIES = [
  ...['register', 'update', 'book', 'reschedule', 'cancel', 'no-show', 'visit', 'merge'],
  ...['stay', 'care', 'mistakes'],
];

/** Our fault plans: one file each in `plans/`. */
const PLANS = ['lost-replies', 'ehr-outage', 'shuffled-feed', 'bad-line'];

/** Our load scenarios: one k6 script each in `load/`, from the lightest to the heaviest. */
const LOADS = [
  ...['smoke', 'volume', 'steady', 'monday', 'storm', 'burst', 'outage', 'throttled', 'initial-load'],
  ...['soak', 'mixed', 'simulators'],
];

const beside = (folder: string): string => fileURLToPath(new URL(folder, import.meta.url));

/** Our stories, or all of another folder. Throws ScenarioError with line and fix. */
export const loadStories = (folder?: string): Story[] =>
  folder === undefined ? readFolder(beside('./stories'), readStory, STORIES) : readFolder(folder, readStory);

/** The story of one file. Throws ScenarioError with line and fix, and what the system says where it cannot be read. */
export const loadStory = (file: string): Story => readText(readFileSync(file, 'utf8'), file, readStory);

/** A fault plan as it is written: what it says the sandbox reads, which knows the faults and the places. */
export interface PlanFile {
  name: string;
  file: string;
  text: string;
}

/** Our fault plans. */
export const loadPlans = (): PlanFile[] =>
  PLANS.map((name) => {
    const file = join(beside('./plans'), `${name}.yaml`);
    return { name, file, text: readFileSync(file, 'utf8') };
  });

/** A k6 script. */
export interface LoadScript {
  name: string;
  file: string;
  /** What it is for, in its own words. */
  doc: string;
}

/** Our load scenarios. They are k6's to run: here they are files. */
export const loadScripts = (): LoadScript[] =>
  LOADS.map((name) => {
    const file = join(beside('./load'), `${name}.ts`);
    const [, comment = ''] = /^\/\*\*(.*?)\*\//s.exec(readFileSync(file, 'utf8')) ?? [];
    return { name, file, doc: comment.replace(/\s*\n \*\s*/g, ' ').trim() };
  });

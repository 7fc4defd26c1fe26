import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Plan, readPlan } from './plan.ts';
import { readStory, type Story } from './story.ts';
import { readFolder, readText } from './yaml-file.ts';

export { ARRIVALS, type Arrivals, nobodyCame, pauseBefore } from './arrivals.ts';
export type { Plan, PlanRule } from './plan.ts';
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

const beside = (folder: string): string => fileURLToPath(new URL(folder, import.meta.url));

/** Our stories, or all of another folder. Throws ScenarioError with line and fix. */
export const loadStories = (folder?: string): Story[] =>
  folder === undefined ? readFolder(beside('./stories'), readStory, STORIES) : readFolder(folder, readStory);

/** The story of one file. Throws ScenarioError with line and fix, and what the system says where it cannot be read. */
export const loadStory = (file: string): Story => readText(readFileSync(file, 'utf8'), file, readStory);

/** Our fault plans, or all of another folder. Throws ScenarioError with line and fix. */
export const loadPlans = (folder?: string): Plan[] =>
  folder === undefined ? readFolder(beside('./plans'), readPlan, PLANS) : readFolder(folder, readPlan);

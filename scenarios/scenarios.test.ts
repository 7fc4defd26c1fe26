import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadStories, ScenarioError } from './index.ts';
import { readStory } from './story.ts';
import { readText } from './yaml-file.ts';

it('tells the stories of a front desk', () => {
  const folder = fileURLToPath(new URL('./stories', import.meta.url));
  const byName = (stories: { name: string }[]) => stories.map((story) => story.name).sort();
  expect(byName(loadStories())).toEqual([
    ...['book', 'cancel', 'care', 'merge', 'mistakes', 'no-show', 'register', 'reschedule', 'stay', 'update', 'visit'],
  ]);
  expect(byName(loadStories(folder))).toEqual(byName(loadStories()));
  expect(
    loadStories()
      .find((story) => story.name === 'reschedule')
      ?.steps.at(-1),
  ).toEqual({
    act: 'reschedule',
    of: 'visit',
    day: 5,
    at: '23:30',
    after: 2000,
  });
});

const story = (...steps: string[]) => `name: x\ntitle: T\nsteps:\n${steps.map((step) => `  - { ${step} }\n`).join('')}`;
const REGISTER = 'act: register, of: p';
const BOOK = 'act: book, of: v, for: p, day: 1, at: "09:00"';

const mistakeIn = (text: string, read: typeof readStory) => {
  try {
    readText<{ name: string }>(text, 'stories/x.yaml', read);
  } catch (error) {
    expect(error).toBeInstanceOf(ScenarioError);
    return (error as Error).message.replace('\n    fix:', ' |');
  }
  return 'none';
};

it.each([
  [story(REGISTER, BOOK, 'act: cancel, of: v'), 'none'],
  [story('act: regster, of: p'), 'x.yaml:4:12: "regster" is no act | use one of: register, add'],
  [story('act: register'), 'x.yaml:4:5: "of" is missing | add of: …'],
  [story(`${REGISTER}, whom: p`), 'x.yaml:4:29: unknown key "whom" | use act, of'],
  [story(REGISTER, REGISTER), 'x.yaml:5:26: "p" was made before'],
  [story(REGISTER, 'act: cancel, of: v'), 'x.yaml:5:24: the story knows no appointment "v" here | let one be made'],
  [story(REGISTER, BOOK.replace('for: p', 'for: q')), 'knows no person "q" here | use one of: p'],
  [story(REGISTER, BOOK.replace(', day: 1', '')), 'x.yaml:5:5: "book" needs "day" | add day: …'],
  [story(REGISTER, BOOK.replace('"09:00"', '9:00')), '"9:00" is not a time such as "09:30"'],
  [story(REGISTER, BOOK.replace('day: 1', 'day: soon')), '"soon" is no whole number from -3650 to 3650'],
  [story(`${REGISTER}, minutes: 30`), '"register" takes no "minutes" | remove it'],
  [story(REGISTER, 'act: merge, of: p, into: p'), 'nobody can be merged into themselves'],
  [story(REGISTER, 'act: update, of: p, set: phone'), 'elements of the record are expected'],
  [story(`${REGISTER}, after: 2`), '2 is not a duration such as 500ms'],
  ['name: x\ntitle: T\nsteps: []\n', 'x.yaml:3:8: a list with at least one entry'],
  ['name: x\ntitle: T\n', 'x.yaml:1:1: "steps" is missing'],
  ['name: y\ntitle: T\nsteps:\n  - { act: register, of: p }\n', '"y" stands in stories/x.yaml | name the file y.yaml'],
  ['name: [x\n', 'x.yaml:2:1: '],
  ['', 'x.yaml:1:1: a list of names and values is expected'],
])('story %#', (text, message) => {
  expect(mistakeIn(text, readStory)).toContain(message);
});

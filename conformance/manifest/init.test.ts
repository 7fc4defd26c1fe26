import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { mapProblems } from '../doctor/doctor.ts';
import { parseGate } from '../standing/gate.ts';
import { InitError, initProject, STACKS } from './init.ts';
import { manifestTemplate, workflowTemplate } from './init-template.ts';
import { loadManifest, readManifest } from './manifest.ts';
import { MANIFEST } from './manifest-schema.ts';
import type { Schema } from './schema.ts';

const fresh = () => mkdtempSync(join(tmpdir(), 'syncproof-test-'));

/** Every setting that is only there as a comment put in use: `#grace: 10s` has no space after its mark, prose has one. */
const inUse = (text: string) => text.replace(/^( *)#(?=[a-z]| {2})/gm, '$1');

describe.each(STACKS)('for %s', (stack) => {
  test('what is written has no errors', () => {
    const folder = fresh();
    expect(initProject(folder, { stack })).toContain('map/fields.csv');
    const { manifest, problems } = loadManifest(join(folder, 'syncproof.yaml'));
    expect(problems).toEqual([]);
    expect(mapProblems(manifest!).filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('every comment that is a setting may be put in use', () => {
    const { problems } = readManifest(inUse(manifestTemplate(stack)), '/project/syncproof.yaml');
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('the workflow is YAML that runs the check and keeps the evidence', () => {
    const text = workflowTemplate(stack);
    const steps = parse(text).jobs.check.steps as { run?: string; uses?: string; with?: { path?: string } }[];
    const check = steps
      .map(({ run }) => /^npx syncproof check --subject syncproof\.yaml --gate (\S+)$/.exec(run ?? ''))
      .find(Boolean);
    expect(() => parseGate(check![1]!).plan({ size: 'ci', leftOut: 0, hasBefore: false })).not.toThrow();
    expect(steps.at(-1)!.with!.path).toContain('reports/runs');
  });
});

test('no setting is left unmentioned', () => {
  const names = (schema: Schema<unknown>): string[] =>
    Object.entries(schema.fields ?? {}).flatMap(([name, of]) => [name, ...names(of)]);
  const text = manifestTemplate('node');
  expect([...new Set(names(MANIFEST))].filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
});

test('nothing is written over, and then nothing is written at all', () => {
  const folder = fresh();
  mkdirSync(join(folder, 'map'));
  writeFileSync(join(folder, 'map/sex.csv'), 'mine');
  expect(() => initProject(folder)).toThrow(InitError);
  expect(() => initProject(folder)).toThrow(/map\/sex.csv exists already/);
  expect(readFileSync(join(folder, 'map/sex.csv'), 'utf8')).toBe('mine');
  expect(existsSync(join(folder, 'syncproof.yaml'))).toBe(false);
  rmSync(join(folder, 'map'), { recursive: true });
  expect(initProject(join(folder, 'new/project')).length).toBeGreaterThan(4);
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clusterFiles, DEFAULTS, loadManifests, sandboxManifests } from './kubernetes.ts';

const committed = (name: string) => readFileSync(new URL(`../kubernetes/${name}`, import.meta.url), 'utf8');
const MERCY = { name: 'mercy', site: 'name=mercy,vendor=epic,authority=1.2.3,time_zone=America/Chicago' };
const options = { ...DEFAULTS, tenants: [{ name: 'epic' }, MERCY], runners: 7 };
const named = (kind: string) => sandboxManifests(options).filter((one) => one.kind === kind);

describe('kubernetes/', () => {
  it.each(Object.entries(clusterFiles(DEFAULTS)))('%s is what npm run kubernetes writes', (name, text) =>
    expect(committed(name)).toBe(text),
  );

  it('is one pod for each tenant and one for the CRM, none of which is ever doubled', () => {
    const pods = named('StatefulSet');
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(['epic', 'mercy', 'crm']);
    expect(pods.map(({ spec }) => (spec as { replicas: number }).replicas)).toEqual([1, 1, 1]);
  });

  it('gives each pod its own parts, and tenants of yours their --site', () => {
    const containers = named('StatefulSet').map(
      ({ spec }) =>
        (spec as { template: { spec: { containers: { args: string[]; env: { name: string; value?: string }[] }[] } } }).template
          .spec.containers[0]!,
    );
    const of = (name: string) => containers.map(({ env }) => env.find((one) => one.name === `SYNCPROOF_UP_${name}`)?.value);
    expect(containers.map(({ args }) => args.join(' '))).toEqual(['up epic epic-hl7', 'up mercy mercy-hl7', 'up crm']);
    expect(of('SITE')).toEqual([undefined, MERCY.site, undefined]);
    expect(of('LINK')).toEqual(['epic=subject:2575', 'mercy=subject:2576', undefined]);
  });

  it('holds no token and no key: they are secrets of the cluster', () => {
    const text = Object.values(clusterFiles(options)).join('');
    expect(text).not.toMatch(/BEGIN|value: .*(token|secret)/i);
    expect(text).toContain('name: syncproof-control');
  });

  it('spreads the load over so many runners', () => {
    const run = loadManifests(options).find(({ kind }) => kind === 'TestRun')!;
    expect(run.spec).toMatchObject({ parallelism: 7, script: { volumeClaim: { file: 'volume.tar' } } });
  });
});

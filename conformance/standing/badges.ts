import type { CheckDefinition } from '../check.ts';
import type { ReadKind } from '../manifest/read-channels.ts';

/** A badge: what a sync can do beside its level, with a must-pass set of its own. */
export interface BadgeDefinition {
  id: string;
  title: string;
  must(check: CheckDefinition): boolean;
  /** Only sites of this vendor count. */
  vendor?: string;
  /** Only sites that are read by one of these count. */
  reads?: readonly ReadKind[];
}

const API: readonly ReadKind[] = ['poll', 'bulk', 'changed', 'subscription'];

const blocks = ({ severity, level }: CheckDefinition): boolean => severity === 'B' && level <= 2;
const matters = ({ severity }: CheckDefinition): boolean => severity === 'B' || severity === 'M';
const needs = (check: CheckDefinition, ...any: string[]): boolean => any.some((need) => check.needs?.some((one) => one === need));

const fhir = (vendor: string, name: string): BadgeDefinition => ({
  id: `fhir-${vendor}`,
  title: `reads ${name} by its API`,
  vendor,
  reads: API,
  must: (check) =>
    blocks(check) &&
    (needs(check, 'poll', 'api', 'changed', 'subscription', 'bulk') || (check.level === 1 && !needs(check, 'hl7'))),
});

/** Every badge, in the order in which they are printed. */
export const BADGES: readonly BadgeDefinition[] = [
  fhir('epic', 'Epic'),
  fhir('cerner', 'Oracle Health (Cerner)'),
  fhir('athena', 'athenahealth'),
  fhir('r4', 'a plain FHIR R4 server'),
  {
    id: 'hl7v2',
    title: 'takes HL7 v2 messages',
    reads: ['hl7'],
    must: (check) => (check.group === 'hl7v2' && matters(check)) || (blocks(check) && needs(check, 'hl7')),
  },
  {
    id: 'bidirectional',
    title: 'brings edits of CRM users to the EHR, and ends conflicts by rule',
    must: (check) => matters(check) && needs(check, 'crm-back', 'write-back') && check.group !== 'consent',
  },
  { id: 'consent', title: 'keeps consent in both systems', must: (check) => check.group === 'consent' && matters(check) },
  { id: 'referrals', title: 'keeps referrals until they are closed', must: (check) => check.group === 'referrals' },
  {
    id: 'bulk',
    title: 'loads by bulk export',
    reads: ['bulk'],
    must: (check) => check.group === 'volume' && (matters(check) || needs(check, 'bulk')),
  },
];

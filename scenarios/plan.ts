import type { Place } from './yaml-file.ts';

/** A fault plus whom it hits, when, how often: the kernel's rule, as the control API takes it. */
export interface PlanRule {
  id?: string;
  fault: string;
  params?: Record<string, unknown>;
  where?: Record<string, string>;
  when?: Record<string, number>;
  times?: number;
}

/** A named list of rules. */
export interface Plan {
  name: string;
  doc: string;
  rules: PlanRule[];
}

const WHERE = ['sim', 'tenant', 'operation', 'type', 'method', 'path', 'client', 'text'] as const;
const WHEN = ['nth', 'every', 'probability', 'after', 'during'] as const;

/** Reads one plan. Whether a fault of that name exists, and what it takes, the sandbox says on arming. Throws ScenarioError. */
export function readPlan(root: Place): Plan {
  const { name, doc, rules } = root.keys(['name', 'doc', 'rules']);
  return {
    name: name.text(/^[a-z][a-z0-9-]*$/, 'a name in small letters, digits and hyphens'),
    doc: doc.text(),
    rules: rules.list().map(readRule),
  };
}

function readRule(place: Place): PlanRule {
  const parts = place.keys(['fault'], ['id', 'params', 'where', 'when', 'times']);
  const rule: PlanRule = { fault: parts.fault.text(/^[a-z][a-z0-9-]*$/, 'the name of a fault ("syncproof list faults")') };
  if (parts.id) rule.id = parts.id.text();
  if (parts.params) rule.params = parts.params.data() as Record<string, unknown>;
  if (parts.where) rule.where = values(parts.where.keys([], WHERE), (part) => part.text());
  if (parts.when) rule.when = values(parts.when.keys([], WHEN), readNumber);
  if (parts.times) rule.times = parts.times.integer(1, 1_000_000);
  return rule;
}

function values<T>(parts: Partial<Record<string, Place>>, read: (part: Place) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(parts).map(([key, part]) => [key, read(part as Place)]));
}

function readNumber(place: Place): number {
  const { value } = place;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  return place.fail(`${JSON.stringify(place.data())} is no number from 0 up`, 'write one; times are in milliseconds');
}

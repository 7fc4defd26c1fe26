/** One thing that a subject says it did with data of patients. */
export interface AuditEntry {
  /** Number of its line in what was kept of the trail. */
  line: number;
  /** When, epoch ms. */
  at: number;
  who: string;
  action: (typeof ACTIONS)[number];
  /** The records, each as `<type>/<id>`. */
  what: string[];
  before?: Record<string, unknown>;
  after?: Record<string, unknown>;
  /** It was tried and did not come about. */
  failed: boolean;
}

const ACTIONS = ['read', 'create', 'update', 'delete', 'export', 'discard'] as const;
/** The codes of AuditEvent.action. */
const CODES: Record<string, string> = { C: 'create', R: 'read', U: 'update', D: 'delete', E: 'export' };

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a line of an audit trail: our few fields, or a FHIR AuditEvent. A text says what is wrong with it. */
export function readAuditLine(text: string, line: number): AuditEntry | string {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (!isMap(found)) return 'it is no object';
  const entry = found.resourceType === 'AuditEvent' ? fromAuditEvent(found as unknown as AuditEvent) : found;
  const { at, who, action, what, before, after, outcome } = entry;
  const moment = Date.parse(String(at));
  if (Number.isNaN(moment)) return 'it does not say when ("at", an ISO 8601 instant)';
  if (typeof who !== 'string' || who.trim() === '') return 'it does not say who ("who")';
  const words: readonly string[] = ACTIONS;
  if (!words.includes(String(action))) return `it does not say what was done ("action": ${ACTIONS.join(', ')})`;
  const records = [what].flat().filter((one): one is string => typeof one === 'string' && one !== '');
  if (records.length === 0) return 'it does not say with which records ("what")';
  return {
    ...{ line, at: moment, who, action: action as AuditEntry['action'], what: records },
    ...(isMap(before) && { before }),
    ...(isMap(after) && { after }),
    failed: outcome !== undefined && outcome !== 'success' && outcome !== '0',
  };
}

interface AuditEvent {
  recorded?: string;
  action?: string;
  outcome?: string;
  agent?: { name?: string; altId?: string; who?: { reference?: string; display?: string; identifier?: { value?: string } } }[];
  entity?: { what?: { reference?: string }; detail?: { type?: string; valueString?: string }[] }[];
}

// Before and after have no place of their own there: they are details of the entity, named `before.<field>` and `after.<field>`.
function fromAuditEvent({ recorded, action = '', outcome, agent = [], entity = [] }: AuditEvent): Record<string, unknown> {
  const who = agent
    .map(({ name, altId, who: of }) => name ?? altId ?? of?.display ?? of?.identifier?.value ?? of?.reference)
    .find((one) => one !== undefined);
  const details = entity.flatMap(({ detail = [] }) => detail);
  const named = (prefix: string) => {
    const own = details.filter(({ type }) => type?.startsWith(`${prefix}.`));
    if (own.length === 0) return undefined;
    return Object.fromEntries(own.map(({ type = '', valueString = null }) => [type.slice(prefix.length + 1), valueString]));
  };
  const what = entity.flatMap(({ what: of }) => of?.reference ?? []);
  return { at: recorded, who, action: CODES[action], what, outcome, before: named('before'), after: named('after') };
}

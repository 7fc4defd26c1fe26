import { readFileSync } from 'node:fs';
import type { CapabilityTable, TypeCapability } from '../vendors/vendor.ts';
import { isHeld } from './definitions.ts';
import { isChain, isSearchable } from './parameters.ts';

/** Every interaction with a resource type that the engine has. */
export const INTERACTIONS = [
  'read',
  'vread',
  'search',
  'create',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
] as const;
/** What can be done with a resource type. A statement says `search-type` for `search`. */
export type Interaction = (typeof INTERACTIONS)[number];
const SYSTEM = ['transaction', 'batch', 'history-system', 'export'] as const;
/** What can be asked of the whole server. */
export type SystemInteraction = (typeof SYSTEM)[number];

/** The conditional interactions of a type. */
export interface Conditional {
  create?: boolean;
  update?: boolean;
  delete?: 'single' | 'multiple';
  /** `If-None-Match`, `If-Modified-Since`. */
  read?: ('not-match' | 'modified-since')[];
  /** May a PUT to a new id create? */
  updateCreate?: boolean;
}

/** What a vendor's statement leaves unsaid: searches that must go together, what becomes of unknown parameters. */
export interface StatementOverlay {
  types: Readonly<Record<string, Partial<TypeCapability>>>;
  /** For every type. */
  every?: Partial<TypeCapability>;
  /** Parameters listed after `_count` only filter what others found: how Epic orders its statement. */
  postAfterCount?: boolean;
  /** Parameters that the vendor's hooks look at, by kind: no criteria of the engine's. */
  house?: Readonly<Record<string, string>>;
  /** Interactions that the vendor has and its statement lacks. */
  system?: readonly SystemInteraction[];
}

/** What a server can do: by type, and as a whole. */
export interface Capability {
  capability: CapabilityTable;
  system: readonly SystemInteraction[];
}

interface Declared {
  type: string;
  interaction?: { code: string }[];
  searchParam?: { name: string; type?: string }[];
  searchInclude?: string[];
  searchRevInclude?: string[];
  operation?: { name: string; definition?: string }[];
  updateCreate?: boolean;
  conditionalCreate?: boolean;
  conditionalUpdate?: boolean;
  conditionalDelete?: string;
  conditionalRead?: string;
}

/**
 * Reads a CapabilityStatement: what it declares is offered, and nothing else. Types and search parameters that it
 * declares and the engine lacks are null: they answer loudly that they are not simulated.
 * @param source the statement, or a path to it as JSON.
 * @throws naming what is wrong with it.
 */
export function capabilityOf(source: unknown, overlay: StatementOverlay = { types: {} }): Capability {
  const statement = typeof source === 'string' ? readStatement(source) : source;
  const { resourceType, fhirVersion, rest } = (statement ?? {}) as {
    resourceType?: string;
    fhirVersion?: string;
    rest?: { mode?: string; interaction?: { code: string }[]; operation?: { name: string }[]; resource?: Declared[] }[];
  };
  if (resourceType !== 'CapabilityStatement')
    throw new Error(`a capability must be a CapabilityStatement, not ${resourceType ?? typeof statement}`);
  if (fhirVersion !== undefined && !/^4\.0/.test(fhirVersion))
    throw new Error(`the CapabilityStatement is of FHIR ${fhirVersion}; only R4 (4.0.1) can be simulated`);
  const server = rest?.find(({ mode }) => mode === undefined || mode === 'server');
  if (!server?.resource?.length)
    throw new Error('the CapabilityStatement declares no resources of a server (rest[mode=server].resource)');
  const capability = Object.fromEntries(
    server.resource.map((one) => [one.type, isHeld(one.type) ? readType(one, overlay) : null]),
  );
  const operations = (server.operation ?? []).map((one) => operationName(one).slice(1));
  const stated = [...(server.interaction ?? []).map(({ code }) => code), ...operations];
  return { capability, system: SYSTEM.filter((name) => stated.includes(name) || overlay.system?.includes(name)) };
}

function readStatement(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`the CapabilityStatement ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function readType(declared: Declared, { types, every, postAfterCount, house = {} }: StatementOverlay): TypeCapability {
  const { type, searchParam = [], operation = [] } = declared;
  const codes = (declared.interaction ?? []).map(({ code }) => (code === 'search-type' ? 'search' : code));
  const count = searchParam.findIndex(({ name }) => name === '_count');
  const chains = searchParam.map(({ name }) => name).filter((name) => isChain(type, name));
  const search = searchParam.flatMap(({ name }, i): (readonly [string, 'native' | 'post' | 'house' | null])[] => {
    if (NO_CRITERIA.includes(name) || chains.includes(name)) return [];
    if (Object.hasOwn(house, name)) return [[name, 'house'] as const];
    const post = postAfterCount && count >= 0 && i > count && name !== '_id';
    return [[name, isSearchable(type, name) ? (post ? 'post' : 'native') : null] as const];
  });
  const conditional: Conditional = {
    create: declared.conditionalCreate,
    update: declared.conditionalUpdate,
    updateCreate: declared.updateCreate,
    delete:
      declared.conditionalDelete === 'single' || declared.conditionalDelete === 'multiple'
        ? declared.conditionalDelete
        : undefined,
    read: READS[declared.conditionalRead ?? ''] ?? [],
  };
  return {
    interactions: INTERACTIONS.filter((name) => codes.includes(name)),
    search: Object.fromEntries(search),
    chains,
    has: searchParam.some(({ name }) => name === '_has'),
    include: declared.searchInclude ?? [],
    revInclude: declared.searchRevInclude ?? [],
    conditional,
    ...(operation.length > 0
      ? { operations: Object.fromEntries(operation.map((one) => [operationName(one), simulated(type, operationName(one))])) }
      : {}),
    ...every,
    ...types[type],
  };
}

const NO_CRITERIA = [
  '_has',
  '_count',
  '_format',
  '_include',
  '_revinclude',
  '_sort',
  '_summary',
  '_elements',
  '_total',
  '_pretty',
];
const READS: Record<string, ('not-match' | 'modified-since')[]> = {
  'not-match': ['not-match'],
  'modified-since': ['modified-since'],
  'full-support': ['not-match', 'modified-since'],
};
const simulated = (type: string, name: string): 'native' | null =>
  name === '$export' && ['Group', 'Patient'].includes(type) ? 'native' : null;
// Names differ from server to server; bulk export is called group-export, group-level-export, export.
const operationName = ({ name }: { name: string }): string => (/export$/.test(name) ? '$export' : `$${name.replace(/^\$/, '')}`);

import type { DateRange } from './dates.ts';
import type { SearchParameter } from './parameters.ts';

/** Prefixes of FHIR R4 search on dates, numbers and quantities. */
export const DATE_PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;
export type DatePrefix = (typeof DATE_PREFIXES)[number];
export type DateTest = { prefix: DatePrefix } & DateRange;
export type TokenTest = { system?: string; value?: string };
/** `low` and `high` are where the written number ends by its precision: 5.4 is 5.35 to 5.45. */
export type QuantityTest = {
  prefix: DatePrefix;
  value: number;
  low: number;
  high: number;
  system?: string;
  code?: string;
  unit?: string;
};
export type StringMatch = 'prefix' | 'exact' | 'contains';
export type UriMatch = 'exact' | 'below';

type On<K extends SearchParameter['table'] | 'missing' | 'chain' | 'has'> = { kind: K; parameter: SearchParameter };

/** One value of a composite: both parts hold of the same element. */
export interface PairTest {
  first: TokenTest;
  second:
    | { kind: 'token'; test: TokenTest }
    | { kind: 'string'; test: string }
    | { kind: 'reference'; test: string[] }
    | { kind: 'date'; test: DateTest }
    | { kind: 'quantity'; test: QuantityTest };
}

/** One search condition: any of its values will do (comma). Conditions of one query all hold (AND). */
export type Criterion =
  | { kind: 'id'; any: string[] }
  | (On<'token'> & { not?: boolean; any: TokenTest[] })
  | (On<'string'> & { match: StringMatch; any: string[] })
  | (On<'date'> & { any: DateTest[] })
  | (On<'reference'> & { any: string[] })
  | (On<'quantity'> & { any: QuantityTest[] })
  | (On<'uri'> & { match: UriMatch; any: string[] })
  | (On<'composite'> & { any: PairTest[] })
  | (On<'missing'> & { missing: boolean })
  /** The resource pointed at meets `inner`, whichever of the types it is. */
  | (On<'chain'> & { inner: { type: string; criterion: Criterion }[] })
  /** A resource of `type` that meets `inner` points at it by `parameter`. */
  | (On<'has'> & { type: string; inner: Criterion });

/** Any condition on a row's own indexes. */
export type Indexed = Exclude<Criterion, { kind: 'id' | 'has' }>;

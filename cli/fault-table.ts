import { type FaultDefinition, type FaultPlace, type Kernel, type Rule, reasonAgainst } from '#kernel';

/** A fault beside the kinds of places where it can act; for each other kind, why not. */
export interface FaultRow {
  fault: FaultDefinition;
  /** By kind of place: undefined where it can act. */
  against: ReadonlyMap<string, string | undefined>;
}

const kindOf = ({ kind, name }: FaultPlace): string => kind ?? name;
/** What is set up has no traffic of its own: it shows in that of its part. */
const isSetup = (place: FaultPlace): boolean => kindOf(place).endsWith('setup');
const ORDER = [/API$/, /^HL7/, /./];
const rank = (kind: string): number => ORDER.findIndex((form) => form.test(kind));

function membersOf(kind: string, all: readonly FaultPlace[]): FaultPlace[] {
  const own = all.filter((place) => kindOf(place) === kind);
  if (rank(kind) > 1) return own;
  const setups = all.filter(
    (place) => isSetup(place) && own.some(({ sim, tenant }) => sim === place.sim && tenant === place.tenant),
  );
  return [...own, ...setups];
}

/** Which fault can act where, from the hooks and levers of both. */
export function faultTable({ places, faults }: Kernel): { kinds: string[]; rows: FaultRow[] } {
  const all = places.list();
  const kinds = [...new Set(all.filter((place) => !isSetup(place)).map(kindOf))].sort((a, b) => rank(a) - rank(b));
  const members = new Map(kinds.map((kind) => [kind, membersOf(kind, all)]));
  const rows = faults.map((fault) => {
    const against = kinds.map((kind): [string, string | undefined] => {
      const reasons = members.get(kind)!.map((place) => reasonAgainst(fault, place));
      return [kind, reasons.includes(undefined) ? undefined : reasons[0]];
    });
    return { fault, against: new Map(against) };
  });
  return { kinds, rows };
}

/** A rule about a fault as somebody would write it first. */
export function exampleOf(fault: FaultDefinition, { places }: Kernel): Rule {
  const place = places.list().find((one) => reasonAgainst(fault, one) === undefined)!;
  const params = Object.fromEntries(
    Object.entries(fault.params).flatMap(([name, param], at) => {
      const value = param.example ?? (at === 0 ? param.default : undefined);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const own = Object.keys(params).length > 0 ? { params } : {};
  const where = { sim: place.sim, ...(place.sim === 'crm' ? {} : { site: place.tenant }) };
  if (fault.lever !== undefined) return { fault: fault.name, ...own, where, when: { during: 60_000 } };
  return { fault: fault.name, ...own, where, times: 1 };
}

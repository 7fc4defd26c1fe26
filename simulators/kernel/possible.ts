import { defaultsOf, type FaultDefinition } from './hooks.ts';
import { instead, nearest } from './nearest.ts';
import type { FaultPlace, Places } from './places.ts';
import type { Rule, RuleWhere } from './rule.ts';

/** Why a rule can never act, with what could. */
export interface Impossible {
  path: readonly string[];
  message: string;
  /** Another process may have a place where it can. */
  elsewhere: boolean;
}

/** Whether a fault can act at a place at all; else why not, in words for the table of faults. */
export function reasonAgainst(fault: FaultDefinition, place: FaultPlace, params?: Rule['params']): string | undefined {
  const own = fault.notIn?.[place.sim];
  if (own !== undefined) return own;
  if (fault.lever !== undefined) return place.levers?.[fault.lever] ? undefined : `it has no lever ${fault.lever}`;
  const acts = (params && fault.at?.(params)) ?? Object.keys(fault.hooks);
  if (!place.hooks.some((hook) => acts.includes(hook))) return `it does not pass ${acts.join(' or ')}`;
  const { operations } = fault;
  const known = place.operations();
  if (operations && known.length > 0 && !known.some((operation) => operations.test(operation)))
    return 'it has no operation that the fault happens to';
  return fault.against?.(place, params);
}

/**
 * A rule that no exchange can ever meet would be a fault that somebody believes in. Undefined for one that can act, and in a
 * process without places.
 */
export function impossible(
  places: Places,
  fault: FaultDefinition,
  { where = {}, when = {}, params, times }: Rule,
): Impossible | undefined {
  if (places.list().length === 0) return undefined;
  const here = places.of({ sim: where.sim, tenant: where.tenant ?? where.site });
  if (here.length === 0) return nowhere(places, where);
  if (fault.lever !== undefined) {
    const odd = [
      ...Object.keys(where).filter((key) => !['sim', 'site', 'tenant'].includes(key)),
      ...Object.keys(when).filter((key) => !['after', 'during', 'between'].includes(key)),
      ...(times === undefined ? [] : ['times']),
    ];
    if (odd.length > 0) {
      const message = `${fault.name} stands for a while and hits a whole place: leave out ${odd.join(', ')}`;
      return { path: odd[0]! in where ? ['where', odd[0]!] : ['when'], message, elsewhere: false };
    }
  }
  const whole = { ...defaultsOf(fault), ...params };
  const suffers = (place: FaultPlace): boolean => reasonAgainst(fault, place, whole) === undefined;
  const able = here.filter(suffers);
  if (able.length === 0) {
    const own = here
      .map((place) => fault.notIn?.[place.sim] ?? fault.against?.(place, whole))
      .find((reason) => reason !== undefined);
    const others = places.list().filter(suffers);
    const names = others.map(({ sim, tenant, name }) => `${sim}/${tenant} (${name})`);
    const could = names.length === 0 ? 'no part of this process can suffer it' : `it can at ${names.join(', ')}`;
    return { path: ['where'], message: `${fault.name} cannot act there${own ? ` (${own})` : ''}: ${could}`, elsewhere: true };
  }
  return unknownWord(fault, able, where) ?? unknownError(fault, able, params);
}

// A vendor's own error cannot be had of one that has none of that name.
function unknownError(fault: FaultDefinition, able: readonly FaultPlace[], params: Rule['params']): Impossible | undefined {
  for (const [key, param] of Object.entries(fault.params)) {
    const error = String(params?.[key] ?? param.default);
    const strange = param.error && able.find(({ errors }) => errors && !errors().includes(error));
    if (!strange) continue;
    const known = [...strange.errors!()].sort();
    const message = `${strange.sim}/${strange.tenant} has no error ${JSON.stringify(error)}${instead(error, known, known.length)}`;
    return { path: ['params', key], message, elsewhere: false };
  }
  return undefined;
}

function nowhere(places: Places, where: RuleWhere): Impossible {
  const { sim, tenant = where.site } = where;
  const all = places.list();
  const known = [...new Set(all.map((place) => `${place.sim}/${place.tenant}`))];
  const [path, close] =
    sim !== undefined && !all.some((place) => place.sim === sim)
      ? ['sim', nearest(sim, [...new Set(all.map((place) => place.sim))])]
      : [where.tenant === undefined ? 'site' : 'tenant', nearest(tenant ?? '', [...new Set(all.map((place) => place.tenant))])];
  const meant = close ? `; did you mean ${JSON.stringify(close)}` : '';
  const message = `no part of this process is ${sim ?? '*'}/${tenant ?? '*'}${meant}; there are: ${known.join(', ')}`;
  return { path: ['where', path!], message, elsewhere: true };
}

const split = (words: string | undefined): (string | undefined)[] => (words === undefined ? [undefined] : words.split('|'));

// Of several words one is enough: not each vendor has each operation.
function unknownWord(fault: FaultDefinition, able: readonly FaultPlace[], where: RuleWhere): Impossible | undefined {
  const { operation, type, method } = where;
  const known = [...new Set(able.flatMap((place) => place.operations()))].filter((one) => fault.operations?.test(one) ?? true);
  const any = able.some((place) => place.operations().length === 0);
  if (operation !== undefined && !any && !split(operation).some((one) => known.includes(one!))) {
    const message = `nothing there that ${fault.name} can happen to has the operation ${JSON.stringify(operation)}${instead(operation, known)}`;
    return { path: ['where', 'operation'], message, elsewhere: true };
  }
  const knows = (other?: string): boolean =>
    split(operation).some((one) => able.some((place) => place.knows?.(one, other) ?? true));
  if (type !== undefined && !split(type).some(knows)) {
    const types = [...new Set(able.flatMap((place) => place.types?.() ?? []))];
    const why = types.includes(type) ? ` with the operation ${operation}` : instead(type, types);
    return { path: ['where', 'type'], message: `nothing there is of type ${JSON.stringify(type)}${why}`, elsewhere: true };
  }
  if (method !== undefined && !able.some(({ methods }) => methods?.includes(method))) {
    const methods = [...new Set(able.flatMap((place) => place.methods ?? []))];
    return {
      path: ['where', 'method'],
      message: `nothing there has the method ${method}${methods.length > 0 ? instead(method, methods) : ': messages have none'}`,
      elsewhere: true,
    };
  }
  return undefined;
}

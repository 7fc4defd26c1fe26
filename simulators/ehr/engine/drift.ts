import type { Overrides } from '#kernel';
import { refuse } from './replies.ts';
import type { Resource } from './resource.ts';

// biome-ignore lint/suspicious/noExplicitAny: resources are changed as they come
type Json = any;

/** One way in which a vendor's schema of a type differs from that of its records. */
export interface Drift {
  type: string;
  /** Changes what is read, in place. */
  show?(resource: Json): void;
  /** Changes what a client sends into what is filed, in place, or refuses it. @throws Rejected */
  take?(resource: Json): void;
}

/** How a site shows and takes resources while its schema is another one than that of its records. */
export class Drifts {
  #drifts: Overrides<Drift>;

  constructor(drifts: Overrides<Drift>) {
    this.#drifts = drifts;
  }

  /** Whether anything is shown otherwise than it is kept. */
  get any(): boolean {
    return this.#drifts.all.length > 0;
  }

  /** A stored text as it is read now. */
  shownText(type: string, text: string): string {
    const own = this.#of(type);
    return own.length === 0 ? text : JSON.stringify(shownBy(own, JSON.parse(text)));
  }

  shown<T extends Resource>(resource: T): T {
    const own = this.#of(resource.resourceType);
    return own.length === 0 ? resource : (shownBy(own, structuredClone(resource)) as T);
  }

  /**
   * What a client sent, in the form of the records. What it sends as it read it stays what it was.
   * @throws Rejected in the vendor's form.
   */
  taken<T extends Resource>(sent: T, before: Resource | undefined): T {
    const own = this.#of(sent.resourceType);
    if (own.length === 0) return sent;
    const resource = structuredClone(sent) as Json;
    const kept = before as Json;
    const seen: Json = before && this.shown(before);
    const names = seen ? [...new Set([...Object.keys(kept), ...Object.keys(seen)])] : [];
    const same = names.filter((name) => isSame(seen[name], resource[name]));
    const sentNames = new Set(Object.keys(resource));
    for (const { take } of own) take?.(resource);
    for (const name of same) {
      // It came under another name.
      if (!sentNames.has(name) && resource[name] !== undefined) continue;
      if (kept[name] === undefined) delete resource[name];
      else resource[name] = kept[name];
    }
    return resource as T;
  }

  #of(type: string): Drift[] {
    const { all } = this.#drifts;
    return all.length === 0 ? [] : all.filter((one) => one.type === type);
  }
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function shownBy(drifts: readonly Drift[], resource: Json): Json {
  for (const { show } of drifts) show?.(resource);
  return resource;
}

/** Visits an element of a resource, in each member of the lists on its way. */
function each(node: Json, [name = '', ...rest]: readonly string[], visit: (parent: Json, name: string) => void): void {
  if (Array.isArray(node)) for (const one of node) each(one, [name, ...rest], visit);
  else if (typeof node !== 'object' || node === null) return;
  else if (rest.length > 0) each(node[name], rest, visit);
  else if (node[name] !== undefined) visit(node, name);
}

const AS: Readonly<Record<string, (value: Json) => Json>> = {
  text: (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value)),
  number: (value) => Number(String(typeof value === 'object' ? JSON.stringify(value).length : value).replace(/\D/g, '')),
  list: (value) => [value],
  object: (value) => ({ value }),
};

interface Params {
  type: string;
  element: string;
  to?: string;
  as?: string;
  value?: string;
}

/** The changes of a schema that there are, by name. */
export const DRIFTS: Readonly<Record<string, (params: Params) => Drift>> = {
  renamed: ({ type, element, to = '' }) => {
    const path = element.split('.');
    const other = [...path.slice(0, -1), to];
    const move = (resource: Json, from: readonly string[], name: string) =>
      each(resource, from, (parent, old) => {
        parent[name] = parent[old];
        delete parent[old];
      });
    return {
      type,
      show: (resource) => move(resource, path, to),
      take: (resource) => {
        const expression = `${type}.${element}`;
        each(resource, path, () => refuse('structure', { expression, diagnostics: `${expression} is not known` }));
        move(resource, other, path.at(-1)!);
      },
    };
  },
  removed: ({ type, element }) => ({
    type,
    show: (resource) =>
      each(resource, element.split('.'), (parent, name) => {
        delete parent[name];
      }),
  }),
  retyped: ({ type, element, as = 'object' }) => ({
    type,
    show: (resource) =>
      each(resource, element.split('.'), (parent, name) => {
        parent[name] = AS[as]!(parent[name]);
      }),
  }),
  required: ({ type, element }) => ({
    type,
    take: (resource) => {
      let found = false;
      each(resource, element.split('.'), () => {
        found = true;
      });
      const expression = `${type}.${element}`;
      if (!found) refuse('required', { expression, diagnostics: `${expression} is required` });
    },
  }),
  coded: ({ type, element, value }) => ({
    type,
    show: (resource) =>
      each(resource, element.split('.'), (parent, name) => {
        parent[name] = value;
      }),
  }),
};

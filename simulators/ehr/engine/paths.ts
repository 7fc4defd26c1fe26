/** A step of a path: an element, of which only those whose `name` is `value` where a filter is given. */
interface Step {
  element: string;
  filter?: { name: string; value: string };
}

/** `telecom[system=email].value:string`, read: where to walk, and the type that lies there. */
export interface Path {
  steps: readonly Step[];
  of: string;
}

/** Reads the text form of a path, as the generated definitions have it. */
export function parsePath(text: string): Path {
  const at = text.lastIndexOf(':');
  const steps =
    text.slice(0, at) === ''
      ? []
      : text
          .slice(0, at)
          .split(/\.(?![^[]*\])/)
          .map(parseStep);
  return { steps, of: text.slice(at + 1) };
}

function parseStep(text: string): Step {
  const found = /^(\w*)(?:\[(\w+)=([^\]]*)\])?$/.exec(text)!;
  return { element: found[1]!, filter: found[2] === undefined ? undefined : { name: found[2], value: found[3]! } };
}

/** Every value at a path, arrays flattened; nothing where an element is absent. */
export function valuesAt(root: unknown, { steps }: Path): unknown[] {
  let level: unknown[] = [root];
  for (const { element, filter } of steps) {
    const next: unknown[] = [];
    for (const value of level) {
      const inner = (value as Record<string, unknown>)[element];
      if (Array.isArray(inner)) next.push(...inner);
      else if (inner !== undefined) next.push(inner);
    }
    if (next.length === 0) return next;
    level = filter ? next.filter((one) => (one as Record<string, unknown> | null)?.[filter.name] === filter.value) : next;
  }
  return level.filter((one) => one !== null);
}

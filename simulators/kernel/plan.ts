import { isCollection, LineCounter, type Node, parseDocument } from 'yaml';
import type { Mistake, Plan } from './rule.ts';
import { RuleError } from './rule.ts';

/** A plan as it was written, YAML or JSON: knows on which line each part of it stands. */
export class PlanText {
  readonly value: unknown;
  #lines = new LineCounter();
  #document;
  #source: string;

  /** @param source what messages call it: a file, `the body`. @throws RuleError where it is neither YAML nor JSON. */
  constructor(text: string, source: string) {
    this.#source = source;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
    const [broken] = this.#document.errors;
    if (broken)
      throw new RuleError(
        `${this.#place(broken.pos[0])}: ${broken.message}; indent with spaces, put texts with ": " in quotation marks`,
      );
    try {
      this.value = this.#document.toJS();
    } catch (error) {
      throw new RuleError(`${this.#place(0)}: ${(error as Error).message}`);
    }
  }

  /** `file:line:column: what is wrong and what would be right`, a line each. */
  told(mistakes: readonly Mistake[]): string {
    return mistakes.map(({ path, message }) => `${this.#place(this.#start(path))}: ${where(path)}${message}`).join('\n');
  }

  #place(at: number): string {
    const { line, col } = this.#lines.linePos(at);
    return `${this.#source}:${line}:${col}`;
  }

  // Where the name stands, for a value that has one; else the nearest thing around it that stands somewhere.
  #start(path: readonly (string | number)[]): number {
    for (let length = path.length; length > 0; length--) {
      const parent = this.#document.getIn(path.slice(0, length - 1), true);
      const name = path[length - 1];
      const pair = isCollection(parent) && parent.items.find((item) => keyOf(item) === String(name));
      if (pair) return (pair as { key: Node }).key.range![0];
      const node = this.#document.getIn(path.slice(0, length), true) as Node | undefined;
      if (node?.range) return node.range[0];
    }
    return this.#document.contents?.range?.[0] ?? 0;
  }
}

const keyOf = (item: unknown): string | undefined => {
  const { key } = item as { key?: { value?: unknown } };
  return key?.value === undefined ? undefined : String(key.value);
};

const where = (path: readonly (string | number)[]): string => (path.length > 0 ? `${path.join('.')}: ` : '');

/** Reads a plan. @throws RuleError naming every mistake that `mistakesOf` finds, each with its line. */
export function readPlan(text: string, source: string, mistakesOf: (plan: unknown) => readonly Mistake[]): Plan {
  const plan = new PlanText(text, source);
  const mistakes = mistakesOf(plan.value);
  if (mistakes.length > 0) throw new RuleError(plan.told(mistakes));
  return plan.value as Plan;
}

import { fail, untestable } from '../check.ts';
import type { Finding } from '../result.ts';
import type { Evidence } from './evidence.ts';
import type { CheckLog } from './facts.ts';

/** Words by which a line says that something is not as it should be. */
const TROUBLE =
  /fail|error|refus|reject|dead|retr(?:y|ies)|wait|pending|lag|queue|backlog|aside|quarantin|unavailable|cannot|could not|not written|later|timed? ?out|reset|\b[45]\d\d\b/i;
/** What every line may begin with, and what is no count. */
const STAMP = /\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?\b/g;

/** The label under which a check watches while nothing is wrong: what counts up by itself then tells nobody anything later. */
export const CALM = 'calm';

/** What a check's `expect` may ask about how the subject tells its operator: by its hooks, its output, or records in the CRM. */
export class AlertFacts {
  #evidence: Evidence;
  #log: CheckLog;

  constructor(evidence: Evidence, log: CheckLog) {
    this.#evidence = evidence;
    this.#log = log;
  }

  /** A finding unless somebody was told while that was watched: a count rose, a task was made, or a line speaks of it. */
  raised(label: string, about: RegExp, what: string): Finding[] {
    if (this.#rise(label) >= 1 || this.#tasks(label) >= 1) return [];
    const lines = this.#lines(label);
    if (!lines) return [unseen];
    if (lines.some((line) => about.test(line))) return [];
    return [
      fail('not-reported', `The subject told nobody that ${what}.`, {
        expected: 'a count that rises, a task in the CRM, or a line that says so',
        actual: `${lines.length} lines, none of it`,
      }),
    ];
  }

  /** A finding unless so many items could be counted from outside while that was watched. */
  counted(label: string, items: number, what: string): Finding[] {
    if (this.#rise(label) >= items || this.#tasks(label) >= items) return [];
    const lines = this.#lines(label)?.filter((line) => TROUBLE.test(line));
    if (!lines) return [unseen];
    const numbers = lines.flatMap((line) => line.replace(STAMP, '').match(/(?<![\w.-])\d+(?![\w.-]*[\w-])/g) ?? []).map(Number);
    if (lines.length >= items || numbers.some((number) => number >= items && number < 1000 * items)) return [];
    return [
      fail('not-counted', `${what}, and nothing outside the subject's own database says how many.`, {
        expected: `${items} by a hook, in the output, or as tasks in the CRM`,
        actual: `${lines.length} lines`,
      }),
    ];
  }

  // By how much the counts of its hooks rose; whatever else may have failed meanwhile.
  #rise(label: string): number {
    return Math.max(...['failed', 'pending'].map((hook) => this.#risen(hook, label) - this.#drift(hook, label)));
  }

  #risen(hook: string, label: string): number {
    const [from, to] = [`${hook} from ${label}`, `${hook} to ${label}`].map((key) => this.#log.notes.get(key));
    return typeof from === 'number' && typeof to === 'number' ? to - from : 0;
  }

  // What a hook would have counted up in that time though nothing was wrong: so many each time that it is asked, or each second.
  #drift(hook: string, label: string): number {
    const calm = Math.max(0, this.#risen(hook, CALM));
    const took = (of: string): number => {
      const [from = 0, to = 0] = [`lines from ${of}`, `lines to ${of}`].map((key) => this.#log.notedAt.get(key));
      return to - from;
    };
    return calm === 0 ? 0 : Math.ceil(calm * Math.max(1, took(label) / Math.max(1, took(CALM))));
  }

  // Records that the subject made of objects that the map does not fill.
  #tasks(label: string): number {
    const [from = 0, to = 0] = [`lines from ${label}`, `lines to ${label}`].map((key) => this.#log.notedAt.get(key));
    const mapped = this.#evidence.oracle.map.objects.map(({ object }) => object);
    return [...this.#evidence.facts.crm.values()].filter(({ type, versions: [first] }) => {
      const within = first !== undefined && first.at >= from && first.at <= to;
      return within && first.actor.startsWith('client:') && !mapped.includes(type);
    }).length;
  }

  // Lines that came while nothing was wrong, too, are no alarm.
  #lines(label: string): readonly string[] | undefined {
    const of = (label: string): readonly string[] | undefined => {
      const [from, to] = [`lines from ${label}`, `lines to ${label}`].map(
        (key) => this.#log.notes.get(key) as number | undefined,
      );
      return this.#evidence.output?.().slice(from ?? 0, to);
    };
    const said = (line: string): string => line.replace(STAMP, '');
    const usual = new Set(this.#log.notes.has(`lines to ${CALM}`) ? of(CALM)?.map(said) : []);
    return of(label)?.filter((line) => !usual.has(said(line)));
  }
}

const unseen = untestable(
  'no-output',
  'What the subject prints cannot be seen: start it by `command`, or say where its log is (hooks.logs).',
);

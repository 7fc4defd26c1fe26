import type { Reply, Request } from './http.ts';
import type { RecordRef } from './identity.ts';

/** A row of a page, as it lies in the answer, with the record that it shows. */
export interface PageRow {
  value: unknown;
  record?: RecordRef;
}

/** A page, taken apart. */
export interface Page {
  rows: readonly PageRow[];
  /** Where the answer says that it goes on; absent on the last page. */
  next?: string;
  /** What would lead here again, in the form of `next`; absent where nothing would. */
  self?: string;
  /** The same in the form of `next`, of a cursor that there is not. */
  dead(next: string): string;
  /** The answer with these rows, leading there. */
  make(rows: readonly PageRow[], next: string | undefined): Reply;
}

/** How one kind of answer of a face goes in pages. */
export interface PageForm {
  /** Takes an answer apart; undefined where it is no page of this kind. */
  read(reply: Reply, request: Request): Page | undefined;
  /** Whether this request is led to by that `next`. */
  follows(request: Request, next: string): boolean;
  /** Ends the cursor that a request names, so that the face answers as it does then; undefined where it names none that ends. */
  end?(request: Request): (() => void) | undefined;
  /** Forgets the page size that a request asks for; undefined where it asks for none. */
  unsize?(request: Request): (() => void) | undefined;
}

/** What faults may do about the pages of a call. */
export interface Paging {
  /** The answer, as a page. */
  page(reply: Reply | undefined): Page | undefined;
  /** The page before, where this request follows it. */
  before(reply: Reply | undefined): Page | undefined;
  readonly end?: () => void;
  readonly unsize?: () => void;
}

/** Why faults of pages cannot act at a place. */
export const unpaged = ({ paged }: { paged?: boolean }): string | undefined =>
  paged ? undefined : 'its answers do not go in pages';

/** The pages of one call. */
export function pagingOf(forms: readonly PageForm[], request: Request): Paging {
  const first = <T>(take: (form: PageForm) => T | undefined): T | undefined => {
    for (const form of forms) {
      const found = take(form);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const whole = (reply: Reply | undefined): Reply | undefined =>
    reply?.status === 200 && reply.body !== undefined && !reply.stream ? reply : undefined;
  return {
    page: (reply) => (whole(reply) ? first((form) => form.read(reply!, request)) : undefined),
    before: (reply) =>
      whole(reply)
        ? first((form) => {
            const page = form.read(reply!, request);
            return page?.next !== undefined && form.follows(request, page.next) ? page : undefined;
          })
        : undefined,
    end: first((form) => form.end?.(request)),
    unsize: first((form) => form.unsize?.(request)),
  };
}

/** Takes one parameter out of the query of a request, so that nobody finds it there. */
export function withoutParameter({ query }: Request, name: string): (() => void) | undefined {
  return query.has(name) ? () => query.delete(name) : undefined;
}

/** The body of an answer as JSON; undefined where it is none. */
export function jsonOf({ headers, body }: Reply): unknown {
  const type = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  if (!/json/.test(type)) return undefined;
  try {
    return JSON.parse(String(body));
  } catch {
    return undefined;
  }
}

/** What an answer of other rows shows: what it showed beside its rows, and these rows. */
export const servedBy = (reply: Reply, before: readonly PageRow[], after: readonly PageRow[]): RecordRef[] => {
  const own = new Set(before.map(({ record }) => record));
  return [...(reply.served ?? []).filter((record) => !own.has(record)), ...after.flatMap(({ record }) => record ?? [])];
};

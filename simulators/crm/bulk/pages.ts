import { type PageForm, Rejected, servedBy, withoutParameter } from '#kernel';

const RESULTS = /\/jobs\/query\/\w+\/results$/i;

// Lines of CSV with their ends; a line break within quotes ends none.
const linesOf = (text: string): string[] => text.match(/(?:"(?:[^"]|"")*"|[^"\n])*\n/g) ?? [];

/** Results of a bulk query: `Sforce-Locator` leads on. */
export const RESULT_PAGES: PageForm = {
  read(reply, { path, query }) {
    const { 'sforce-locator': locator, ...headers } = reply.headers ?? {};
    if (!RESULTS.test(path) || locator === undefined) return undefined;
    const [head = '', ...lines] = linesOf(String(reply.body));
    const rows = lines.map((value, i) => ({ value, record: reply.served?.[i] }));
    return {
      rows,
      next: locator === 'null' ? undefined : locator,
      self: query.get('locator') ?? undefined,
      dead: () => Buffer.from('gone:0').toString('base64url'),
      make: (kept, next) => ({
        ...reply,
        headers: { ...headers, 'sforce-locator': next ?? 'null', 'sforce-numberofrecords': String(kept.length) },
        body: head + kept.map(({ value }) => value).join(''),
        served: servedBy(reply, rows, kept),
      }),
    };
  },
  follows: ({ query }, next) => query.get('locator') === next,
  end: ({ path, query }) => {
    if (!RESULTS.test(path) || !query.has('locator')) return undefined;
    return () => {
      throw new Rejected('bad-locator');
    };
  },
  unsize: (request) => (RESULTS.test(request.path) ? withoutParameter(request, 'maxRecords') : undefined),
};

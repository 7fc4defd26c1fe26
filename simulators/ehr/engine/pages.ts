import { jsonOf, type Page, type PageForm, type Reply, type Request, servedBy, withoutParameter } from '#kernel';
import type { Site } from './context.ts';
import { refuse } from './replies.ts';

interface Bundle {
  resourceType: string;
  type?: string;
  link?: { relation: string; url: string }[];
  entry?: { resource?: { resourceType: string; id?: string }; search?: { mode?: string } }[];
}

/** Bundles of a search: a page is what matched, and a link leads on. What is included stands beside it. */
export function bundlePages({ vendor, sessions, paths }: Site): PageForm {
  const { parameter } = vendor.search.session;
  const read = (reply: Reply, { url, origin }: Request): Page | undefined => {
    const bundle = jsonOf(reply) as Bundle | undefined;
    if (bundle?.resourceType !== 'Bundle' || bundle.type !== 'searchset') return undefined;
    const { entry = [], link = [] } = bundle;
    const matches = entry.filter(({ search }) => (search?.mode ?? 'match') === 'match');
    const rows = matches.map((value) => ({
      value,
      record: reply.served?.find(({ type, id }) => type === value.resource?.resourceType && id === value.resource.id),
    }));
    return {
      rows,
      next: link.find(({ relation }) => relation === 'next')?.url,
      self: `${origin}${url}`,
      dead: (next) => next.replace(new RegExp(`([?&]${parameter}=)[^&]*`), '$1gone'),
      make: (kept, next) => {
        const links = link.flatMap((one) =>
          one.relation !== 'next' ? [one] : next === undefined ? [] : [{ ...one, url: next }],
        );
        const entries = [...kept.map(({ value }) => value), ...entry.filter((one) => !matches.includes(one))];
        const body = JSON.stringify({
          ...bundle,
          link: links,
          ...(entries.length > 0 ? { entry: entries } : { entry: undefined }),
        });
        return { ...reply, body, served: servedBy(reply, rows, kept) };
      },
    };
  };
  return {
    read,
    follows: ({ url }, next) => next.endsWith(url),
    end: ({ path, query }) => {
      const cursor = path.startsWith(paths.fhir) ? query.get(parameter) : null;
      if (cursor === null) return undefined;
      // A cursor that names a row is nothing that is kept.
      if (vendor.search.cursor) return () => refuse('session-expired', { expression: parameter });
      return sessions.has(cursor) ? () => void sessions.delete(cursor) : undefined;
    },
    unsize: (request) => (request.path.startsWith(paths.fhir) ? withoutParameter(request, '_count') : undefined),
  };
}

import { jsonOf, type PageForm, servedBy, withoutParameter } from '#kernel';
import { json } from './call.ts';

interface List {
  totalcount?: number;
  next?: string;
  [name: string]: unknown;
}

const isHere = (path: string): boolean => path.startsWith('/v1/');

/** Lists of the v1 API: pages by `offset`, which lead on by a path. There is no cursor that could end. */
export const LIST_PAGES: PageForm = {
  read(reply, { path, url }) {
    const list = isHere(path) ? (jsonOf(reply) as List | undefined) : undefined;
    const [name, values] = Object.entries(list ?? {}).find(([, value]) => Array.isArray(value)) ?? [];
    if (!list || name === undefined || list.totalcount === undefined) return undefined;
    const rows = (values as unknown[]).map((value, i) => ({ value, record: reply.served?.[i] }));
    return {
      rows,
      next: list.next,
      self: url,
      dead: (next) => next.replace(/([?&]offset=)[^&]*/, '$1gone'),
      make: (kept, next) => {
        const { body } = json(200, { ...list, [name]: kept.map(({ value }) => value), next });
        return { ...reply, body, served: servedBy(reply, rows, kept) };
      },
    };
  },
  follows: ({ url }, next) => next === url,
  unsize: (request) => (isHere(request.path) ? withoutParameter(request, 'limit') : undefined),
};

import { breath } from './bulk/parts.ts';
import { CrmError } from './errors.ts';
import { type Call, mannerOf, type RestRoute, rowErrors } from './rest/call.ts';
import type { Edition } from './soap-edition.ts';
import type { Element } from './soap-xml.ts';
import type { Writer } from './writer.ts';

/** How a call was made. */
export interface Manners {
  allOrNone: boolean;
  edition: Edition;
}

/** A call of the SOAP API. What it means is what the REST API means: it is turned into one of its routes, and the answer into XML. */
export interface SoapCall {
  /** The route that does what the call asks for, and how it is called. @throws CrmError */
  ask(call: Call, element: Element, manners: Manners): { route: RestRoute; call: Call };
  /** What stands in the response, of the body of the route's answer. */
  answer(body: unknown, edition: Edition): string;
}

export const routeOf = (routes: readonly RestRoute[], method: string, path: string): RestRoute =>
  routes.find((route) => route.method === method && route.path === path)!;

/** A route for what the REST API has none for. */
export const own = (operation: string, run: RestRoute['run'], act?: string): RestRoute => ({
  ...{ method: 'POST', path: '', operation, tier: 'semantic', doc: '', run },
  ...(act && { act }),
});

/** Requests in one turn of the event loop. */
const TURN = 5;

/** A route of several requests, each a transaction of its own: what one of them comes to stands in its row. */
export const each = (
  operation: string,
  act: string,
  one: (call: Call, writer: Writer, request: never) => unknown,
): RestRoute => ({
  ...own(operation, () => ({ status: 200 }), act),
  handle: async (call, context) => {
    const body: unknown[] = [];
    for (const request of JSON.parse(call.raw) as never[]) {
      // Others are served meanwhile: two hundred merges take longer than anybody is to wait.
      if (body.length % TURN === TURN - 1) await breath();
      try {
        body.push(await call.org.commit(context, mannerOf(call, act), (writer) => one(call, writer, request)));
      } catch (error) {
        if (!(error instanceof CrmError)) throw error;
        body.push({ success: false, errors: rowErrors(error.entries) });
      }
    }
    return { status: 200, body };
  },
});

export const asked = (call: Call, more: Partial<Call>): Call => ({ ...call, ...more });
export const queried = (call: Call, query: Record<string, string>): Call =>
  asked(call, { method: 'GET', query: new URLSearchParams(query) });

/** Texts of the children of that name. */
export const textsOf = ({ children }: Element, wanted: string): string[] =>
  children.flatMap(({ name, text }) => (name === wanted ? [text.trim()] : []));

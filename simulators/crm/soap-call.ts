import type { Call, RestRoute } from './rest/call.ts';
import type { Element } from './soap-xml.ts';

/** A call of the partner API. What it means is what the REST API means: it is turned into one of its routes, and the answer into XML. */
export interface SoapCall {
  /** The route that does what the call asks for, and how it is called. @throws CrmError */
  ask(call: Call, element: Element, allOrNone: boolean): { route: RestRoute; call: Call };
  /** What stands in the response, of the body of the route's answer. */
  answer(body: unknown): string;
}

export const routeOf = (routes: readonly RestRoute[], method: string, path: string): RestRoute =>
  routes.find((route) => route.method === method && route.path === path)!;

/** A route for what the REST API has none for. */
export const own = (operation: string, run: RestRoute['run'], act?: string): RestRoute => ({
  ...{ method: 'POST', path: '', operation, tier: 'semantic', doc: '', run },
  ...(act && { act }),
});

export const asked = (call: Call, more: Partial<Call>): Call => ({ ...call, ...more });
export const queried = (call: Call, query: Record<string, string>): Call =>
  asked(call, { method: 'GET', query: new URLSearchParams(query) });

/** Texts of the children of that name. */
export const textsOf = ({ children }: Element, wanted: string): string[] =>
  children.flatMap(({ name, text }) => (name === wanted ? [text.trim()] : []));

import { crmError } from './errors.ts';
import { DESCRIBE_ROUTES } from './rest/describe.ts';
import { asked, own, queried, routeOf, type SoapCall, textsOf } from './soap-call.ts';
import { needType } from './soap-records.ts';
import { escaped } from './soap-xml.ts';

/** Describe calls: SOAP API Developer Guide, "Describe Calls". What they tell is what the REST API tells, but for its links. */

const one = routeOf(DESCRIBE_ROUTES, 'GET', 'sobjects/:type/describe');

const several = own('describe', (call, writer) => {
  const types = JSON.parse(call.raw) as string[];
  const bodies = types.map((type) => (one.run(asked(call, { params: { type } }), writer) as { body: unknown }).body);
  return { status: 200, body: bodies };
});

// The elements of the WSDL stand in the order of their letters, capitals first; what is nothing is left out.
function elements(name: string, value: unknown): string {
  if (value === null || value === undefined || name === 'urls') return '';
  if (Array.isArray(value)) return value.map((each) => elements(name, each)).join('');
  if (typeof value !== 'object') return `<${name}>${escaped(String(value))}</${name}>`;
  const inside = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `<${name}>${inside.map(([part, of]) => elements(part, of)).join('')}</${name}>`;
}

const answer = (body: unknown): string => elements('result', body);

const described = (most: number): SoapCall => ({
  ask: (call, element) => {
    const types = textsOf(element, 'sObjectType').map((name) => needType(call, name).name);
    if (types.length > most) throw crmError('too-many', { what: 'types', limit: most });
    return { route: several, call: asked(call, { raw: JSON.stringify(types) }) };
  },
  answer,
});

export const DESCRIBE_CALLS: Readonly<Record<string, SoapCall>> = {
  describeGlobal: { ask: (call) => ({ route: routeOf(DESCRIBE_ROUTES, 'GET', 'sobjects'), call: queried(call, {}) }), answer },
  describeSObject: described(1),
  // As many as Salesforce describes in one call.
  describeSObjects: described(100),
};

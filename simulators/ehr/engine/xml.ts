import { shapeOf } from './definitions.ts';

type Values = Record<string, unknown>;
const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);

const NAMESPACE = 'http://hl7.org/fhir';

/**
 * A resource in FHIR's XML (hl7.org/fhir/R4/xml.html), from its JSON. Elements stand in the order of the definitions, which XML
 * wants; those of types that the engine does not hold (bundles, outcomes, statements) as they come, which is that order, too.
 */
export const toXml = (text: string): string => `<?xml version="1.0" encoding="UTF-8"?>${resource(JSON.parse(text) as Values)}`;

function resource({ resourceType, ...elements }: Values): string {
  return `<${resourceType} xmlns="${NAMESPACE}">${children(elements, String(resourceType))}</${resourceType}>`;
}

function children(value: Values, type: string | undefined): string {
  const shape = type === undefined ? undefined : shapeOf(type);
  const names = [...new Set(Object.keys(value).map((name) => name.replace(/^_/, '')))];
  const order = [
    'id',
    ...(shape?.elements.has('meta') ? [] : ['extension', 'modifierExtension']),
    ...(shape?.elements.keys() ?? []),
  ];
  const place = (name: string): number => {
    const at = order.indexOf(name);
    return at < 0 ? order.length : at;
  };
  const sorted = shape ? names.sort((a, b) => place(a) - place(b)) : names;
  return sorted.map((name) => element(name, value[name], value[`_${name}`], shape?.elements.get(name)?.type)).join('');
}

// A list is its element again and again; `_name` holds what belongs to primitives, item by item.
function element(name: string, value: unknown, beside: unknown, type: string | undefined): string {
  if (Array.isArray(value) || Array.isArray(beside)) {
    const [values, extras] = [value, beside].map((list) => (Array.isArray(list) ? list : []));
    const count = Math.max(values!.length, extras!.length);
    return Array.from({ length: count }, (_, i) => single(name, values![i], extras![i], type)).join('');
  }
  return single(name, value, beside, type);
}

function single(name: string, value: unknown, beside: unknown, type: string | undefined): string {
  if (isObject(value)) {
    if (typeof value.resourceType === 'string') return `<${name}>${resource(value)}</${name}>`;
    // What is an attribute in XML: the address of an extension, the id of an element.
    const asAttributes = name === 'extension' || name === 'modifierExtension' ? ['id', 'url'] : ['id'];
    const attributes = asAttributes.map((each) => attribute(each, value[each])).join('');
    const rest = Object.fromEntries(Object.entries(value).filter(([each]) => !asAttributes.includes(each)));
    const inner = children(rest, type);
    return `<${name}${attributes}>${inner}</${name}>`;
  }
  if (name === 'div' && typeof value === 'string') return value.trim();
  const { id, ...extras } = isObject(beside) ? beside : ({} as Values);
  if (value === undefined && id === undefined && Object.keys(extras).length === 0) return '';
  const open = `${name}${attribute('id', id)}${attribute('value', value ?? undefined)}`;
  const inner = children(extras, undefined);
  return inner === '' ? `<${open}/>` : `<${open}>${inner}</${name}>`;
}

const attribute = (name: string, value: unknown): string => (value === undefined ? '' : ` ${name}="${escaped(String(value))}"`);
const escaped = (text: string): string => text.replace(/[&<>"\t\r\n]/g, (char) => `&#${char.charCodeAt(0)};`);

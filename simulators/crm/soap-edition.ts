import { type Element, textAt } from './soap-xml.ts';

/**
 * The two WSDLs of an org speak of the same calls. That of the partner API knows no object: a record names its type, and any
 * element may follow. That of the enterprise API is made for one org: a record is of a type of the schema, and its fields
 * stand in the order of their names (SOAP API Developer Guide, "Choosing a WSDL").
 */
export interface Edition {
  /** Where it is served: `/services/Soap/<path>`. */
  path: 'u' | 'c';
  name: 'partner' | 'enterprise';
  /** The object that a record says it is of. */
  typeOf(record: Element): string;
  /** Elements of a record that are no fields. */
  apart: readonly string[];
  /** The rest of the tag of a record, and what stands before its fields. */
  head(type: string): string;
  /** The fields of a record after its id. */
  fields(record: Record<string, unknown>): [string, unknown][];
}

export const PARTNER: Edition = {
  path: 'u',
  name: 'partner',
  typeOf: (record) => textAt(record, 'type') ?? '',
  apart: ['type'],
  head: (type) => `xsi:type="sf:sObject"><sf:type>${type}</sf:type>`,
  fields: Object.entries,
};

export const ENTERPRISE: Edition = {
  path: 'c',
  name: 'enterprise',
  typeOf: ({ type = '' }) => type,
  apart: [],
  head: (type) => `xsi:type="sf:${type}">`,
  fields: ({ Id: _, ...fields }) => Object.entries(fields).sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)),
};

export const EDITIONS: readonly Edition[] = [PARTNER, ENTERPRISE];

export const namespaceOf = ({ name }: Edition): string => `urn:${name}.soap.sforce.com`;

/** Attributes of an envelope that holds records, or an error: how the names in it are meant. */
export const namespacesOf = (edition: Edition, of: 'records' | 'an error'): string => {
  const sf = of === 'records' ? `urn:sobject.${edition.name}` : `urn:fault.${edition.name}`;
  return `xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="${namespaceOf(edition)}" xmlns:sf="${sf}.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`;
};

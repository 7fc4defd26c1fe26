import type { TypeCapability } from '../vendors/vendor.ts';
import type { Site } from './context.ts';
import { SEARCH_PARAMETERS } from './parameters.ts';

const CODES: Record<string, string> = { search: 'search-type' };
const SECURITY = 'http://terminology.hl7.org/CodeSystem/restful-security-service';
const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';

/** `/metadata`, made from the capability table: it declares what works here and nothing else. */
export function capabilityStatement(site: Site, origin: string): unknown {
  const { vendor, paths, kernel } = site;
  const resource = Object.entries(vendor.capability).flatMap(([type, table]) => (table ? [declare(site, type, table)] : []));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    experimental: true,
    date: new Date(kernel.clock.now()).toISOString(),
    kind: 'instance',
    software: vendor.software,
    implementation: { description: `Syncproof simulation of ${vendor.title}: no real patients`, url: `${origin}${paths.fhir}` },
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [
      {
        mode: 'server',
        security: {
          extension: [{ extension: [{ valueUri: `${origin}${paths.token}`, url: 'token' }], url: OAUTH_URIS }],
          service: [{ coding: [{ system: SECURITY, code: 'SMART-on-FHIR', display: 'SMART-on-FHIR' }], text: 'SMART-on-FHIR' }],
        },
        resource,
      },
    ],
  };
}

function declare({ vendor }: Site, type: string, table: TypeCapability): unknown {
  const names = Object.keys(table.search).filter((name) => table.search[name]);
  return {
    type,
    interaction: table.interactions.map((name) => ({ code: CODES[name] ?? name })),
    versioning: vendor.versions === 'shown' ? 'versioned-update' : 'no-version',
    readHistory: table.interactions.includes('vread'),
    updateCreate: false,
    conditionalCreate: false,
    conditionalRead: 'not-supported',
    conditionalUpdate: false,
    conditionalDelete: 'not-supported',
    searchParam: [
      ...names.map((name) => ({ name, type: name === '_id' ? 'token' : SEARCH_PARAMETERS[type]?.[name]?.kind })),
      { name: '_count', type: 'number', documentation: 'Number of results per page.' },
    ],
  };
}

/** `.well-known/smart-configuration`: token endpoint and ways to authenticate. */
export function smartConfiguration({ vendor, paths }: Site, origin: string): unknown {
  const { methods, smartConfiguration: own } = vendor.auth;
  const capabilities = [
    ...(methods.includes('private_key_jwt') ? ['client-confidential-asymmetric'] : []),
    ...(methods.some((method) => method.startsWith('client_secret')) ? ['client-confidential-symmetric'] : []),
    'permission-v1',
    'permission-v2',
  ];
  return {
    token_endpoint: `${origin}${paths.token}`,
    token_endpoint_auth_methods_supported: methods,
    grant_types_supported: ['client_credentials'],
    capabilities,
    ...own,
  };
}

import type { TypeCapability } from '../vendors/vendor.ts';
import type { Site } from './context.ts';
import { parameterOf } from './parameters.ts';

const CODES: Record<string, string> = { search: 'search-type' };
const SECURITY = 'http://terminology.hl7.org/CodeSystem/restful-security-service';
const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';

/** `/metadata`, made from the capability table: it declares what works here and nothing else. */
export function capabilityStatement(site: Site, origin: string): unknown {
  const { vendor, paths, kernel } = site;
  const resource = Object.entries(vendor.capability).flatMap(([type, table]) => (table ? [declare(site, type, table)] : []));
  const patches = Object.values(vendor.capability).some((table) => table?.interactions.includes('patch'));
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
    ...(patches ? { patchFormat: ['application/json-patch+json'] } : {}),
    rest: [
      {
        mode: 'server',
        security: {
          extension: [{ extension: [{ valueUri: `${origin}${paths.token}`, url: 'token' }], url: OAUTH_URIS }],
          service: [{ coding: [{ system: SECURITY, code: 'SMART-on-FHIR', display: 'SMART-on-FHIR' }], text: 'SMART-on-FHIR' }],
        },
        ...(vendor.system.length > 0 ? { interaction: vendor.system.map((code) => ({ code })) } : {}),
        resource,
      },
    ],
  };
}

function declare({ vendor }: Site, type: string, table: TypeCapability): unknown {
  const names = Object.keys(table.search).filter((name) => table.search[name]);
  const { create = false, update = false, updateCreate = false, delete: remove, read = [] } = table.conditional ?? {};
  const searches = table.interactions.includes('search');
  return {
    type,
    interaction: table.interactions.map((name) => ({ code: CODES[name] ?? name })),
    versioning: vendor.versions === 'shown' ? 'versioned-update' : 'no-version',
    readHistory: table.interactions.includes('vread'),
    updateCreate,
    conditionalCreate: create,
    conditionalRead: read.length === 2 ? 'full-support' : (read[0] ?? 'not-supported'),
    conditionalUpdate: update,
    conditionalDelete: remove ?? 'not-supported',
    ...(table.include?.length ? { searchInclude: table.include } : {}),
    ...(table.revInclude?.length ? { searchRevInclude: table.revInclude } : {}),
    searchParam: [
      ...names.map((name) => ({ name, type: name === '_id' ? 'token' : parameterOf(type, name)?.kind })),
      ...(table.chains === true ? [] : (table.chains ?? [])).map((name) => ({ name, type: chainKind(type, name) })),
      ...(searches ? [{ name: '_count', type: 'number', documentation: 'Number of results per page.' }] : []),
    ],
  };
}

function chainKind(type: string, name: string): string | undefined {
  const [reference = '', inner = ''] = name.split('.');
  return parameterOf(type, reference)?.targets.flatMap((target) => parameterOf(target, inner)?.kind ?? [])[0];
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

import type { TypeCapability } from '../vendors/vendor.ts';
import type { Site } from './context.ts';
import { parameterOf } from './parameters.ts';

const CODES: Record<string, string> = { search: 'search-type' };
const SECURITY = 'http://terminology.hl7.org/CodeSystem/restful-security-service';
const EXPORT = 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition';
const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';

/** `/metadata`, made from the capability table: it declares what works here and nothing else. */
export function capabilityStatement(site: Site, origin: string): unknown {
  const { vendor, paths, kernel } = site;
  const resource = Object.entries(vendor.capability).flatMap(([type, table]) => (table ? [declare(site, type, table)] : []));
  const patches = Object.values(vendor.capability).some((table) => table?.interactions.includes('patch'));
  const interactions = vendor.system.filter((code) => code !== 'export');
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    experimental: true,
    date: new Date(kernel.clock.now()).toISOString(),
    kind: 'instance',
    software: vendor.software,
    implementation: { description: `Syncproof simulation of ${vendor.title}: no real patients`, url: `${origin}${paths.fhir}` },
    fhirVersion: '4.0.1',
    format: [...(vendor.formats.xml ? ['xml'] : []), 'json'],
    ...(patches ? { patchFormat: ['application/json-patch+json'] } : {}),
    rest: [
      {
        mode: 'server',
        security: {
          extension: [{ extension: oauthUris(site, origin), url: OAUTH_URIS }],
          service: [{ coding: [{ system: SECURITY, code: 'SMART-on-FHIR', display: 'SMART-on-FHIR' }], text: 'SMART-on-FHIR' }],
        },
        ...(interactions.length > 0 ? { interaction: interactions.map((code) => ({ code })) } : {}),
        resource,
        ...(vendor.system.includes('export') ? { operation: [{ name: 'export', definition: `${EXPORT}/export` }] } : {}),
      },
    ],
  };
}

function declare({ vendor }: Site, type: string, table: TypeCapability): unknown {
  const kindOf = (name: string) => (name === '_id' ? 'token' : (parameterOf(type, name)?.kind ?? vendor.overlay.house?.[name]));
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
    ...(table.operations?.$export
      ? { operation: [{ name: 'export', definition: `${EXPORT}/${type === 'Group' ? 'group' : 'patient'}-export` }] }
      : {}),
    ...(table.include?.length ? { searchInclude: table.include } : {}),
    ...(table.revInclude?.length ? { searchRevInclude: table.revInclude } : {}),
    searchParam: [
      ...names.map((name) => ({ name, type: kindOf(name) })),
      ...(table.chains === true ? [] : (table.chains ?? [])).map((name) => ({ name, type: chainKind(type, name) })),
      ...(table.has ? [{ name: '_has', type: 'string', documentation: 'Reverse chaining, one level.' }] : []),
      ...(searches ? [{ name: '_count', type: 'number', documentation: 'Number of results per page.' }] : []),
    ],
  };
}

function chainKind(type: string, name: string): string | undefined {
  const [reference = '', inner = ''] = name.split('.');
  return parameterOf(type, reference)?.targets.flatMap((target) => parameterOf(target, inner)?.kind ?? [])[0];
}

const launches = ({ vendor }: Site): boolean => vendor.auth.grants.includes('authorization_code');

const oauthUris = (site: Site, origin: string) => [
  { valueUri: `${origin}${site.paths.token}`, url: 'token' },
  ...(launches(site) ? [{ valueUri: `${origin}${site.paths.authorize}`, url: 'authorize' }] : []),
];

/** `.well-known/smart-configuration`: where tokens come from, and ways to authenticate. */
export function smartConfiguration(site: Site, origin: string): unknown {
  const { methods, userMethods, grants, introspection, ehrLaunch, smartConfiguration: own } = site.vendor.auth;
  const { token, authorize, introspect } = site.paths;
  const users = launches(site);
  const all = [...new Set([...methods, ...(users ? userMethods : [])])];
  const capabilities = [
    ...(users && ehrLaunch ? ['launch-ehr', 'context-ehr-patient', 'context-ehr-encounter'] : []),
    ...(users ? ['launch-standalone', 'permission-user', 'permission-offline'] : []),
    ...(all.includes('none') ? ['client-public'] : []),
    ...(all.includes('private_key_jwt') ? ['client-confidential-asymmetric'] : []),
    ...(all.some((method) => method.startsWith('client_secret')) ? ['client-confidential-symmetric'] : []),
    ...(users ? ['authorize-post'] : []),
    'permission-v1',
    'permission-v2',
  ];
  return {
    ...(users ? { authorization_endpoint: `${origin}${authorize}` } : {}),
    token_endpoint: `${origin}${token}`,
    ...(introspection === 'declared' ? { introspection_endpoint: `${origin}${introspect}` } : {}),
    token_endpoint_auth_methods_supported: all.filter((method) => method !== 'none'),
    grant_types_supported: grants,
    code_challenge_methods_supported: ['S256'],
    capabilities,
    ...own,
  };
}

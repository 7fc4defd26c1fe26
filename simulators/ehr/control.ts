import {
  COMMITTED_REFS,
  ControlError,
  type ControlRoute,
  type Face,
  list,
  map,
  mount,
  OFFER,
  object,
  oneOf,
  orNull,
  PART,
  Rejected,
  type Schema,
  text,
  whole,
} from '#kernel';
import type { CommitRequest } from './engine/changes.ts';
import { InvalidResource } from './engine/validate.ts';
import type { EhrSite } from './site.ts';
import type { LaunchRequest } from './smart/launch.ts';
import { shown } from './smart/registry.ts';
import type { IssueDetail } from './vendors/vendor.ts';

const RESOURCE = map({}, 'A FHIR resource.');

const CHANGE: Schema = object(
  {
    op: oneOf(['create', 'update', 'delete']),
    type: text('Resource type.', { minLength: 1 }),
    'id?': text('Needed but for create.'),
    'as?': text('Lets other changes of the same call refer to this one as `urn:uuid:<as>`.'),
    'resource?': map({}, 'The whole resource.'),
    'patch?': map({}, 'In place of it: elements to set; null removes one.'),
    'upsert?': { type: 'boolean', description: 'An update may create the record, or bring a deleted one back.' },
    'ifVersion?': whole('Refused when the record is not at this version.'),
  },
  { name: 'SiteChange' },
);

const COMMIT: Schema = object(
  {
    act: text('What it means: register, update, merge, book, cancel, …', { minLength: 1 }),
    'actor?': text('`user:<name>`'),
    'cohort?': text('The check whose people these are; the subject cannot see it.'),
    'call?': text("The caller's own name for it: made again under it, nothing changes and the answer is the same."),
    'offer?': OFFER,
    changes: list(CHANGE, 'All of them or none.', { minItems: 1 }),
  },
  { name: 'SiteCommit' },
);

const CLIENT: Readonly<Record<string, Schema>> = {
  id: text('Client id.', { minLength: 1 }),
  'scopes?': list(text()),
  'publicKeyPem?': text('PEM of a public key or certificate.'),
  'publicJwk?': map(),
  'jwks?': object({ keys: list(map()) }),
  'jwksUrl?': text('http or https'),
  'secret?': text(),
  'redirectUris?': list(text()),
  'scopeStyle?': oneOf(['v1', 'v2']),
  'mapped?': { type: 'boolean', description: 'The app is mapped to a user under which it works in the background.' },
  'activeFrom?': text('ISO instant from which the site knows it.'),
};

// Names of properties of the site.
const SETTINGS = {
  'approve?': oneOf(['auto', 'ask'], 'How requests for approval are answered.'),
  'pace?': oneOf(['run', 'vendor'], 'How long exports take, and how often they may be had.'),
  'pageLimit?': whole("The most that a page of results holds; 0 for the vendor's own counts."),
  'fileLimit?': whole("The most that a file of an export holds; 0 for the vendor's own count."),
};

interface Settings {
  approve?: 'auto' | 'ask';
  pace?: 'run' | 'vendor';
  pageLimit?: number;
  fileLimit?: number;
}

/** A site's own routes on the control face. */
export function addControl(face: Face, site: EhrSite): void {
  const add = <Body>(route: Omit<ControlRoute<Body>, 'path'> & { path: string }): void =>
    mount(face, { ...route, path: `/v1/sites/:site${route.path}` }, { site: site.name });
  const settings = () => {
    const { approve, pace, pageLimit, fileLimit } = site;
    const told = (limit: number): number => (Number.isFinite(limit) ? limit : 0);
    return { approve, pace, pageLimit: told(pageLimit), fileLimit: told(fileLimit) };
  };

  add({
    method: 'GET',
    path: '',
    operation: 'site',
    doc: 'A site: its addresses and credentials.',
    answer: PART,
    run: () => site.describe(),
  });
  add<CommitRequest>({
    method: 'POST',
    path: '/commits',
    operation: 'commit',
    doc: 'Changes truth as a clerk or clinician would.',
    body: COMMIT,
    answer: object(
      { ...COMMITTED_REFS, resources: list(orNull(RESOURCE), 'As they are now; null where one was deleted.') },
      {
        name: 'SiteCommitted',
      },
    ),
    run: ({ body }) => checked(() => site.commit(body)),
  });
  add({
    method: 'GET',
    path: '/records/:type',
    operation: 'records',
    doc: 'Resources of a type as they are, oldest first.',
    query: { limit: whole('At most so many.', { minimum: 1, default: 1000 }) },
    openQuery: 'FHIR search parameters.',
    answer: object({ resources: list(RESOURCE) }),
    run: ({ context: { request }, params, query }) => {
      const search = [...request.query].filter(([name]) => name !== 'limit');
      return checked(() => ({ resources: site.list(params.type!, query.limit as number, search) }));
    },
  });
  add({
    method: 'GET',
    path: '/records/:type/:id',
    operation: 'record',
    doc: 'One resource as it is.',
    answer: RESOURCE,
    run: ({ params: { type = '', id = '' } }) => {
      const found = site.read(type, id);
      if (!found) throw new ControlError(404, `there is no ${type}/${id} at ${site.name}`);
      return found;
    },
  });
  add({
    method: 'DELETE',
    path: '/tokens',
    operation: 'revoke',
    doc: 'Ends every access token of the site at once.',
    answer: object({ revoked: whole() }),
    run: () => ({ revoked: site.revokeTokens() }),
  });
  add({
    method: 'GET',
    path: '/clients',
    operation: 'clients',
    doc: 'The apps that are registered with the site, without their secrets.',
    answer: object({ clients: list(object(CLIENT, { name: 'Client' })) }),
    run: () => ({ clients: site.clients.list().map(shown) }),
  });
  add({
    method: 'POST',
    path: '/clients',
    operation: 'register-client',
    doc: 'Registers an app, or replaces it.',
    body: object(CLIENT, { name: 'Client' }),
    answer: object({ client: object(CLIENT, { name: 'Client' }) }),
    run: ({ body }) => ({ client: shown(site.clients.add(body, site.vendor.capability)) }),
  });
  add({
    method: 'DELETE',
    path: '/clients/:id',
    operation: 'remove-client',
    doc: 'Takes an app back that was registered while the site runs.',
    answer: object({ removed: text() }),
    run: ({ params: { id = '' } }) => {
      if (!site.clients.remove(id)) throw new ControlError(404, `no client ${id} was registered with ${site.name} while it runs`);
      return { removed: id };
    },
  });
  add<LaunchRequest>({
    method: 'POST',
    path: '/launches',
    operation: 'launch',
    doc: "Starts an app from within the EHR, as a user with a chart open: what goes into the app's launch address.",
    body: object({
      client: text('Client id.'),
      patient: text('Id.'),
      'encounter?': text('Id.'),
      'user?': text('Id of a Practitioner.'),
    }),
    answer: object({ iss: text(), launch: text() }),
    run: ({ body }) => {
      try {
        return site.launch(body);
      } catch (error) {
        throw new ControlError(400, (error as Error).message);
      }
    },
  });
  add<Settings | undefined>({
    method: 'POST',
    path: '/settings',
    operation: 'settings',
    doc: 'Changes how the site behaves; answers all of it.',
    body: object(SETTINGS),
    optional: true,
    answer: object(SETTINGS),
    run: ({ body = {} }) => {
      Object.assign(site, body);
      return settings();
    },
  });
  add({
    method: 'DELETE',
    path: '/paging',
    operation: 'end-paging',
    doc: 'Ends every paging session of the site at once.',
    answer: object({ ended: whole() }),
    run: () => ({ ended: site.endPaging() }),
  });
}

async function checked<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof InvalidResource) throw new ControlError(error.issues[0]?.code === 'conflict' ? 409 : 400, error.message);
    // A search value that is none, refused as a vendor would.
    if (error instanceof Rejected)
      throw new ControlError(400, (error.params.details as IssueDetail[])[0]?.diagnostics ?? error.error);
    throw error;
  }
}

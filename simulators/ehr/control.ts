import { type Context, ControlError, controlHandler, type Face, jsonBody, Rejected } from '#kernel';
import type { CommitRequest } from './engine/changes.ts';
import { InvalidResource } from './engine/validate.ts';
import type { EhrSite } from './site.ts';
import type { LaunchRequest } from './smart/launch.ts';
import { shown } from './smart/registry.ts';
import type { IssueDetail } from './vendors/vendor.ts';

// Names of properties of the site.
const SETTINGS: Readonly<Record<string, { is: string; fits: (value: unknown) => boolean }>> = {
  approve: { is: 'auto or ask', fits: (value) => value === 'auto' || value === 'ask' },
  pace: { is: 'run or vendor', fits: (value) => value === 'run' || value === 'vendor' },
  pageLimit: { is: 'a whole number, 0 for none', fits: (value) => Number.isInteger(value) && Number(value) >= 0 },
};

/** A site's own routes on the control face. */
export function addControl(face: Face, site: EhrSite): void {
  const root = `/v1/sites/${site.name}`;
  const add = (method: string, path: string, operation: string, doc: string, run: (context: Context) => unknown) =>
    face.route(method, `${root}${path}`, { operation: `${site.name}-${operation}`, tier: 'semantic', doc }, controlHandler(run));

  add('GET', '', 'site', `The site ${site.name}: addresses, credentials, settings.`, () => site.describe());
  add(
    'POST',
    '/commits',
    'commit',
    'Changes truth as a clerk or clinician would: {act, actor?, cohort?, call?, offer?, changes}.',
    (context) => checked(() => site.commit(readCommit(context))),
  );
  add(
    'GET',
    '/records/:type',
    'records',
    'Resources of a type as they are, oldest first; ?limit= and FHIR search parameters.',
    ({ request }) => {
      const limit = Number(request.query.get('limit') ?? 1000);
      if (!Number.isInteger(limit) || limit < 1)
        throw new ControlError(400, `limit must be a positive number, not ${request.query.get('limit')}`);
      const params = [...request.query].filter(([name]) => name !== 'limit');
      return checked(() => ({ resources: site.list(request.params.type!, limit, params) }));
    },
  );
  add('GET', '/records/:type/:id', 'record', 'One resource as it is.', ({ request }) => {
    const { type = '', id = '' } = request.params;
    const found = site.read(type, id);
    if (!found) throw new ControlError(404, `there is no ${type}/${id} at ${site.name}`);
    return found;
  });
  add('DELETE', '/tokens', 'revoke', 'Ends every access token of the site at once.', () => ({ revoked: site.revokeTokens() }));
  add('GET', '/clients', 'clients', 'The apps that are registered with the site, without their secrets.', () => ({
    clients: site.clients.list().map(shown),
  }));
  add(
    'POST',
    '/clients',
    'register-client',
    'Registers an app, or replaces it: {id, scopes?, publicKeyPem? | publicJwk? | jwks? | jwksUrl?, secret?, redirectUris?, scopeStyle?, mapped?, activeFrom?}.',
    (context) => ({ client: shown(site.clients.add(jsonBody(context), site.vendor.capability)) }),
  );
  add(
    'POST',
    '/launches',
    'launch',
    'Starts an app from within the EHR, as a user with a chart open: {client, patient, encounter?, user?}. Gives {iss, launch} for the launch address of the app.',
    (context) => {
      try {
        return site.launch(jsonBody<LaunchRequest>(context) ?? ({} as LaunchRequest));
      } catch (error) {
        throw new ControlError(400, (error as Error).message);
      }
    },
  );
  add('DELETE', '/clients/:id', 'remove-client', 'Takes an app back that was registered while the site runs.', ({ request }) => {
    const { id = '' } = request.params;
    if (!site.clients.remove(id)) throw new ControlError(404, `no client ${id} was registered with ${site.name} while it runs`);
    return { removed: id };
  });
  add(
    'POST',
    '/settings',
    'settings',
    `How the site behaves: {"approve": "auto" | "ask", "pace": "run" | "vendor", "pageLimit": 10}: the last is the most that a page of results holds, 0 for the vendor's own counts.`,
    (context) => {
      const settings = jsonBody<Record<string, unknown>>(context) ?? {};
      for (const [name, value] of Object.entries(settings)) {
        const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
        if (!setting)
          throw new ControlError(
            400,
            `${JSON.stringify(name)} is no setting of a site; there are ${Object.keys(SETTINGS).join(', ')}`,
          );
        if (!setting.fits(value)) throw new ControlError(400, `"${name}" is ${setting.is}, not ${JSON.stringify(value)}`);
      }
      Object.assign(site, settings);
      const { approve, pace, pageLimit } = site;
      return { approve, pace, pageLimit: Number.isFinite(pageLimit) ? pageLimit : 0 };
    },
  );
  add('DELETE', '/paging', 'end-paging', 'Ends every paging session of the site at once.', () => ({ ended: site.endPaging() }));
}

function readCommit(context: Context): CommitRequest {
  const body = jsonBody<CommitRequest>(context);
  if (typeof body?.act !== 'string' || body.act === '')
    throw new ControlError(400, 'a commit needs "act": what it means (register, update, book, …)');
  if (!Array.isArray(body.changes) || body.changes.length === 0)
    throw new ControlError(400, 'a commit needs "changes": a list of at least one');
  const { act, actor, cohort, call, offer, changes } = body;
  if (offer !== undefined && !(typeof offer.schedule === 'string' && Number.isInteger(offer.index) && Number.isFinite(offer.due)))
    throw new ControlError(400, '"offer" says where in a schedule the commit stands: {schedule, index, due: <epoch ms>}');
  return { act, actor, cohort, call, offer, changes };
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

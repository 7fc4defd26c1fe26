import {
  COMMITTED_REFS,
  ConfigurationError,
  ControlError,
  type ControlRoute,
  type Face,
  list,
  map,
  mount,
  number,
  OFFER,
  object,
  oneOf,
  RECORD_REF,
  type Schema,
  text,
  whole,
} from '#kernel';
import { type CrmCommit, commitAsUser, rowsAs, rowsWhere } from './by-hand.ts';
import { CrmError } from './errors.ts';
import { reachOut, remind, type SendJob } from './jobs.ts';
import type { Org } from './org.ts';
import type { OrgRules } from './rules.ts';
import type { Alteration } from './schema.ts';
import { CRM_SETTINGS, type CrmSettings, settingForm } from './settings.ts';
import { SoqlError } from './soql/error.ts';

const ROW = map({}, 'Fields by name.');

const COMMIT: Schema = object(
  {
    'act?': text('What it means; `edit` when absent.'),
    'actor?': text('`user:<name>`; the clerk when absent.'),
    'cohort?': text(),
    'call?': text("The caller's own name for it: made again under it, nothing changes and the answer is the same."),
    'offer?': OFFER,
    changes: list(
      object(
        {
          op: oneOf(['create', 'update', 'upsert', 'delete', 'undelete', 'merge']),
          type: text('Object.', { minLength: 1 }),
          'id?': text(),
          'key?': object({ field: text(), value: text() }, { description: 'Finds the record in place of the id.' }),
          'fields?': ROW,
          'losers?': list(
            text(),
            'Of a merge: ids of the one or two records that become one with it, and go to the recycle bin.',
          ),
        },
        { name: 'CrmChange' },
      ),
      'One transaction.',
      { minItems: 1 },
    ),
  },
  { name: 'CrmCommit' },
);

const SETTINGS: Schema = object(
  Object.fromEntries(Object.keys(CRM_SETTINGS).map((name) => [`${name}?`, settingForm(name as keyof CrmSettings)])),
  { name: 'CrmSettings' },
);

const NAMED = { name: text(), object: text() };
const RULES: Schema = object(
  {
    'validation?': list(
      object({
        ...NAMED,
        when: text('SOQL condition on the row; `Old.Field` is the value before.'),
        message: text(),
        'field?': text(),
      }),
    ),
    'duplicates?': list(
      object({
        ...NAMED,
        match: list(text()),
        action: oneOf(['alert', 'block']),
        'message?': text(),
        'rule?': text('Name of the matching rule.'),
      }),
    ),
    'assignment?': list(object({ object: text(), owner: text('Username.'), 'when?': text() })),
    'profiles?': list(object({ name: text(), users: list(text()), 'objects?': map(map()), 'others?': map() })),
    'outbound?': list(object({ ...NAMED, url: text(), fields: list(text()), 'when?': text() })),
  },
  { name: 'OrgRules', description: 'How the org was customised.' },
);

const JOB: Schema = object(
  {
    'where?': text('SOQL condition: on visits for reminders, on people for campaigns.'),
    'object?': text(),
    'person?': text('Lookup from a visit to the person.'),
    'start?': text('Field with the time of a visit.'),
    'to?': list(text(), 'Fields with the address, in order of preference.'),
    'unless?': list(text(), 'Fields that forbid to write when true.'),
    'consent?': object({ object: text(), person: text(), forbids: text() }),
    'text?': text('`{Field}` and `{Person.Field}` are filled in.'),
    'name?': text(),
    'cohort?': text(),
  },
  { name: 'SendJob' },
);
const SENT = object({
  sent: list(object({ records: list(RECORD_REF), to: text(), text: text(), seq: whole() })),
  skipped: whole('People who were not written to.'),
});

interface Lock {
  name: string;
  records: { type: string; id: string }[];
}

/** Keeps records as a long transaction of somebody else does: writes to them, and to their children, wait and are refused. */
function takeLock(org: Org, { name, records }: Lock): { held: string[] } {
  const held = records.map(({ id }) => org.store.find(id)?.id ?? id);
  org.locks.take(name, held);
  org.kernel.journal.append({ sim: 'crm', tenant: org.id, kind: 'setup', data: { lock: name, held } });
  return { held };
}

function freeLock(org: Org, name: string): { freed: boolean } {
  const freed = org.locks.free(name);
  if (freed) org.kernel.journal.append({ sim: 'crm', tenant: org.id, kind: 'setup', data: { lock: name, freed } });
  return { freed };
}

type Changed = Alteration & { object: string; field: string };

// What the org refuses is a mistake of the caller.
async function told(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CrmError || error instanceof ConfigurationError) throw new ControlError(400, error.message);
    if (error instanceof SoqlError) throw new ControlError(400, `${error.code}: ${error.message}`);
    throw error;
  }
}

/** The CRM's own routes of the control API. */
export function mountControl(face: Face, org: Org): void {
  const add = <Body>(route: ControlRoute<Body>): void =>
    mount<Body>(face, { ...route, path: `/v1/crm${route.path}`, run: (call) => told(() => route.run(call)) });
  const setUp = (data: Record<string, unknown>) => org.kernel.journal.append({ sim: 'crm', tenant: org.id, kind: 'setup', data });

  add<CrmCommit>({
    method: 'POST',
    path: '/commits',
    operation: 'crm-commit',
    doc: 'Commits as a CRM user: one transaction.',
    body: COMMIT,
    answer: object({ ...COMMITTED_REFS, rows: list(ROW, 'The records as they are now.') }, { name: 'CrmCommitted' }),
    run: ({ body }) => commitAsUser(org, body),
  });
  add({
    method: 'GET',
    path: '/records/:type',
    operation: 'crm-records',
    doc: 'Live records of a type as journalled.',
    query: {
      where: text('SOQL condition.'),
      limit: whole('At most so many; 0 for all.', { default: 0 }),
      as: text('Username: what that user sees, by field-level security and sharing.'),
    },
    answer: object({ rows: list(ROW) }),
    run: ({ params: { type = '' }, query: { where, limit, as: user } }) => {
      const [condition, most] = [where as string | undefined, limit as number];
      return { rows: user ? rowsAs(org, String(user), type, condition, most) : rowsWhere(org, type, condition, most) };
    },
  });
  add({
    method: 'GET',
    path: '/settings',
    operation: 'crm-settings',
    doc: 'What an administrator has set up.',
    answer: SETTINGS,
    run: () => org.settings.all,
  });
  add<Partial<CrmSettings> | undefined>({
    method: 'POST',
    path: '/settings',
    operation: 'crm-set-up',
    doc: 'Changes settings; answers all.',
    body: SETTINGS,
    optional: true,
    answer: SETTINGS,
    run: ({ body: settings = {} }) => {
      const all = org.settings.change(settings);
      setUp({ settings });
      return all;
    },
  });
  add({
    method: 'GET',
    path: '/rules',
    operation: 'crm-rules',
    doc: 'Validation rules, duplicate rules, assignment rules, profiles and outbound messages.',
    answer: RULES,
    run: () => org.rules.all,
  });
  add<OrgRules | undefined>({
    method: 'POST',
    path: '/rules',
    operation: 'crm-set-rules',
    doc: 'Replaces those lists that are given.',
    body: RULES,
    optional: true,
    answer: RULES,
    run: ({ body: rules = {} }) => {
      const all = org.rules.change(rules);
      setUp({ rules });
      return all;
    },
  });
  add<Changed>({
    method: 'POST',
    path: '/fields',
    operation: 'crm-alter-field',
    doc: 'Changes a field as an administrator does. Answers what it was.',
    body: object({
      object: text(),
      field: text(),
      'length?': number(),
      'nillable?': { type: 'boolean' },
      'picklist?': list(text()),
      'restricted?': { type: 'boolean' },
    }),
    answer: object({ before: map() }),
    run: ({ body: { object: name, field, ...change } }) => ({ before: org.alter(name, field, change) }),
  });
  add<Lock>({
    method: 'POST',
    path: '/locks',
    operation: 'crm-lock',
    doc: 'Holds records as a long transaction does. Each write that is refused for it is a `setup` event.',
    body: object({ name: text('Who holds them.', { minLength: 1 }), records: list(object({ type: text(), id: text() })) }),
    answer: object({ held: list(text()) }),
    run: ({ body }) => takeLock(org, body),
  });
  add({
    method: 'DELETE',
    path: '/locks/:name',
    operation: 'crm-unlock',
    doc: 'Lets go of what is held under that name.',
    answer: object({ freed: { type: 'boolean' } }),
    run: ({ params }) => freeLock(org, params.name!),
  });
  add({
    method: 'GET',
    path: '/sessions',
    operation: 'crm-sessions',
    doc: 'The live sessions of API clients.',
    answer: object({
      sessions: list(object({ id: text(), userId: text(), actor: text(), issued: text(), expires: text() })),
    }),
    run: () => ({ sessions: org.sessions.list() }),
  });
  add({
    method: 'DELETE',
    path: '/sessions',
    operation: 'crm-kill-sessions',
    doc: 'Ends sessions: all, or those of an id or actor.',
    query: { id: text(), actor: text(), refresh: { type: 'boolean', description: 'What could renew them, too.' } },
    answer: object({ killed: whole() }),
    run: ({ query: { id, actor, refresh } }) => ({
      killed: org.sessions.kill({ id: id as string | undefined, actor: actor as string | undefined, refresh: refresh === true }),
    }),
  });
  add<SendJob | undefined>({
    method: 'POST',
    path: '/jobs/reminder',
    operation: 'crm-remind',
    doc: 'Reminds people of visits as a job of the org does. Each message is a `send` event.',
    body: JOB,
    optional: true,
    answer: SENT,
    run: ({ body }) => remind(org, body),
  });
  add<SendJob | undefined>({
    method: 'POST',
    path: '/jobs/outreach',
    operation: 'crm-reach-out',
    doc: 'Writes to people for a campaign. Each message is a `send` event.',
    body: JOB,
    optional: true,
    answer: SENT,
    run: ({ body }) => reachOut(org, body),
  });
}

import type { Problem } from '../manifest/problem.ts';
import type { DataMap } from '../map/map.ts';
import { ask } from './doctor-call.ts';

interface Described {
  fields: { name: string; createable?: boolean; updateable?: boolean }[];
}

/** Logs in to the CRM as the subject would, and looks whether the objects and fields of the map are there, and may be written. */
export async function probeCrm(settings: Record<string, string>, map: DataMap, ca?: string): Promise<Problem[]> {
  const at = (name: string): string => settings[`SYNCPROOF_CRM_${name}`] ?? '';
  // Who logs in with a key of its own has no secret for us to try.
  if (!at('CLIENT_SECRET')) return [];
  const form = new URLSearchParams({
    ...{ grant_type: 'password', client_id: at('CLIENT_ID'), client_secret: at('CLIENT_SECRET') },
    ...{ username: at('USERNAME'), password: at('PASSWORD') + at('SECURITY_TOKEN') },
  });
  const login = await ask(`${at('LOGIN_URL')}/services/oauth2/token`, ca, { form: form.toString() });
  // Whom nothing reaches is told of by the wiring.
  if ('error' in login) return [];
  if (login.status !== 200) {
    const said = (/"error_description":"([^"]+)"/.exec(login.body) ?? [])[1] ?? `HTTP ${login.status}`;
    const fix = 'use the credentials of SYNCPROOF_CRM_*, or name your own under clients.crm in the manifest';
    return [{ severity: 'error', message: `crm refuses the login of ${at('USERNAME')}: ${said}`, fix }];
  }
  const token = (JSON.parse(login.body) as { access_token: string }).access_token;
  const found: Problem[] = [];
  for (const { object } of map.objects) {
    const url = `${at('INSTANCE_URL')}/services/data/v${at('API_VERSION')}/sobjects/${object}/describe`;
    const answer = await ask(url, ca, { token });
    if ('error' in answer) continue;
    if (answer.status === 200) found.push(...fieldProblems(map, object, JSON.parse(answer.body) as Described));
    else
      found.push({
        severity: 'error',
        file: map.folder ? `${map.folder}/objects.csv` : undefined,
        message: `the CRM that runs has no object ${object} (describe answered ${answer.status})`,
        fix: 'start the sandbox with the org that the map is for (crm.schema in the manifest), or correct objects.csv',
      });
  }
  return found;
}

function fieldProblems(map: DataMap, object: string, { fields }: Described): Problem[] {
  const file = map.folder ? `${map.folder}/fields.csv` : undefined;
  return map.rows
    .filter((row) => row.object === object && row.field !== '')
    .flatMap((row): Problem[] => {
      const field = fields.find(({ name }) => name === row.field);
      const place = { severity: 'error' as const, file, line: row.line, column: row.columns.field };
      if (!field)
        return [
          {
            ...place,
            message: `the CRM that runs has no field ${object}.${row.field}`,
            fix: 'start the sandbox with the org that the map is for (crm.schema in the manifest), or correct the row',
          },
        ];
      if (row.owner === 'crm' || field.createable !== false || field.updateable !== false) return [];
      return [
        {
          ...place,
          message: `${object}.${row.field} can be written by nobody (describe)`,
          fix: 'map it to a field that can be written',
        },
      ];
    });
}

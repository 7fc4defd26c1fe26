/**
 * Prints every resource that each vendor's face serves once charts were loaded and all stories told at its site, as lines of
 * JSON: {"vendor", "address", "text", "odd"}; `odd` lists the oddities of the chart that it is of, and is absent outside of charts.
 * For tests that hold them against other implementations.
 */
import { readFileSync } from 'node:fs';
import { importPKCS8, SignJWT } from 'jose';
import { createEhrSite, type EhrSite, VENDORS } from '#ehr';
import { charts, people, toPatient } from '#fixtures';
import { Kernel, ManualClock } from '#kernel';
import { staffOf, toChange } from '#sandbox';
import { loadStories, type StoryCommit, type StoryRecord, type StoryWorld, tell } from '#scenarios';

const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const ROUNDS = 3;
// Every face serves some; the plain one serves enough of them to be messy in most ways.
const CHARTS = { r4: 24, others: 3 };

for (const { id, overlay } of VENDORS) {
  const kernel = new Kernel({ clock: new ManualClock(), seed: 'served' });
  const site = createEhrSite(kernel, { name: id, vendor: id, authority: AUTHORITY, timeZone: 'America/Chicago' });
  await site.start({ host: '127.0.0.1', ports: { http: 0 } });
  const odd = await loadCharts(kernel, site);
  const world = worldOf(kernel, site);
  const commit = async (request: StoryCommit) => site.commit(request as unknown as Parameters<EhrSite['commit']>[0]);
  for (let round = 0; round < ROUNDS; round++)
    for (const story of loadStories()) await tell(story, { world, commit, sleep: async () => {} });
  const { addresses, credentials } = site.describe();
  const headers = { accept: 'application/fhir+json', authorization: `Bearer ${await tokenOf(kernel, site)}` };
  const more = overlay.house?.['ah-practice'] ? `?ah-practice=a-1.Practice-${credentials.tenant}` : '';
  for (const type of Object.keys(site.vendor.capability)) {
    if (!site.vendor.capability[type]?.interactions.includes('read')) continue;
    for (const [n, one] of site.list(type, 20_000).entries()) {
      const address = `${type}/${one.id}`;
      const reply = await fetch(`${addresses.fhir}/${address}${more}`, { headers });
      if (!reply.ok) throw new Error(`${id} answers ${reply.status} to ${address}: ${await reply.text()}`);
      console.log(JSON.stringify({ vendor: id, address, text: await reply.text(), odd: odd.get(address) }));
      // Forms vary little within a type.
      if (id !== 'epic' || n >= 8) continue;
      const xml = await fetch(`${addresses.fhir}/${address}`, { headers: { ...headers, accept: 'application/fhir+xml' } });
      console.log(JSON.stringify({ vendor: 'epic-xml', address, text: await xml.text() }));
    }
  }
  await site.stop();
  kernel.close();
}

// The oddities of each record's chart, by its address.
async function loadCharts({ seed, runKey }: Kernel, site: EhrSite): Promise<Map<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  const cohort = {
    seed,
    runKey,
    label: 'charts',
    count: site.vendor.id === 'r4' ? CHARTS.r4 : CHARTS.others,
    authority: AUTHORITY,
  };
  for (const { entries, odd } of charts(cohort, { name: site.name, authority: AUTHORITY }, { years: 2, staff: staffOf(site) })) {
    const { records } = await site.commit({ act: 'seed', changes: entries.map(toChange) });
    for (const { type, id } of records) found.set(`${type}/${id}`, odd);
  }
  return found;
}

function worldOf(kernel: Kernel, site: EhrSite): StoryWorld {
  const crowd = people({ seed: kernel.seed, runKey: kernel.runKey, label: 'served', count: 100_000, authority: AUTHORITY });
  const instant = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
  return {
    person: () => toPatient(crowd.next().value!, { name: site.name, authority: AUTHORITY }) as unknown as StoryRecord,
    at: (day, time) => instant(Date.parse(`2026-03-02T${time.padStart(5, '0')}:00Z`) + day * 86_400_000),
    now: () => instant(kernel.clock.now()),
    staff: () => ({
      doctor: { reference: `Practitioner/${site.practitioners[0]}`, display: 'Adaeze Okafor' },
      place: { reference: `Location/${site.locations[0]}`, display: 'Northside Family Clinic' },
    }),
  };
}

async function tokenOf(kernel: Kernel, site: EhrSite): Promise<string> {
  const { addresses, credentials } = site.describe();
  const { token = '' } = addresses;
  const { clientId = '', keyId, privateKeyFile = '', scopes = '' } = credentials;
  const now = Math.floor(kernel.clock.now() / 1000);
  const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: token, exp: now + 240, iat: now, jti: 'served' })
    .setProtectedHeader({ alg: 'RS384', typ: 'JWT', kid: keyId })
    .sign(await importPKCS8(readFileSync(privateKeyFile, 'utf8'), 'RS384'));
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: scopes,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  });
  const reply = await fetch(token, { method: 'POST', body });
  return ((await reply.json()) as { access_token: string }).access_token;
}

import { Kernel, ManualClock } from '#kernel';
import { DIALECTS, speaks } from '../dialects/index.ts';
import { render } from '../events/render.ts';
import { People } from '../people.ts';
import type { SiteFacts } from '../site.ts';
import { VERSIONS } from '../versions.ts';
import { SAMPLES, type Sample } from './samples.ts';
import { AUTHORITY, FakeEhr } from './site.ts';

/** Prints every message of every dialect in every version, as JSON, for readers of other packages and languages. */

/** A message that a link would send, and where it comes from. */
export interface Built {
  /** `epic 2.5.1 ADT^A01`. */
  title: string;
  /** `ADT^A01`. */
  message: string;
  version: string;
  text: string;
}

/** Every message of every dialect in every version. */
export async function everyMessage(): Promise<Built[]> {
  const built: Built[] = [];
  for (const dialect of DIALECTS)
    for (const version of VERSIONS)
      for (const sample of SAMPLES.filter(({ message }) => speaks(dialect, message, version)))
        built.push({
          title: `${dialect.name} ${version.id} ${sample.message}`,
          message: sample.message,
          version: version.id,
          ...(await build(sample, dialect.name, version.id)),
        });
  return built;
}

async function build({ before, act, resources }: Sample, dialectName: string, versionId: string): Promise<{ text: string }> {
  const dialect = DIALECTS.find(({ name }) => name === dialectName)!;
  const version = VERSIONS.find(({ id }) => id === versionId)!;
  const kernel = new Kernel({ clock: new ManualClock('2026-03-02T12:00:00.007Z') });
  const ehr = new FakeEhr(kernel);
  const facts: SiteFacts = {
    ...{ site: 'epic', dialect, version, authority: AUTHORITY, timeZone: 'America/New_York', sender: dialect.sender('epic') },
    ...{ receiver: { application: 'CRM', facility: 'CRM' }, processingId: 'P', charset: 'UNICODE UTF-8' },
  };
  const people = new People(kernel.cell('people'), facts, undefined);
  let last = '';
  for (const [name, ...those] of [...before, [act, ...resources] as const]) {
    await ehr.put(name, ...those);
    const event = kernel.journal.read({ kind: 'commit' }).at(-1)!;
    people.learn(event);
    const { messages } = render(event, facts, people, () => '10000001');
    last = messages[0]?.text ?? '';
  }
  kernel.close();
  return { text: last };
}

if (import.meta.main) console.log(JSON.stringify(await everyMessage()));

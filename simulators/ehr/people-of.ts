import type { Exchange, People } from '#kernel';
import type { Site } from './engine/context.ts';
import type { Stored } from './engine/resource.ts';

// Of a body, what is looked through; of an address, how many words.
const MOST_TEXT = 65_536;
const MOST_WORDS = 64;

const plain = (system: string): string => system.replace(/^urn:oid:/, '');
const REFERENCE = /\b([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})/g;

/**
 * Who is concerned by a call: the patients that its address, body and records name or belong to, each by number, authority
 * and both. Any word of the address may be a number of the site's own.
 */
export function peopleOf(site: Site, { text, records, reply }: Exchange): People {
  const { store, name, systems } = site;
  const authority = plain(systems.mrn);
  const patients = new Set<string>();
  const visit = (type: string, id: string): void => {
    if (type === 'Patient') patients.add(id);
    else
      for (const [, , patient] of (store.current(type, id)?.json ?? '').matchAll(/"(Patient)\/([^"/]+)/g)) patients.add(patient!);
  };
  for (const ref of [...records, ...(reply?.served ?? [])]) if (ref.sim === 'ehr' && ref.tenant === name) visit(ref.type, ref.id);
  for (const [, type, id] of text.slice(0, MOST_TEXT).matchAll(REFERENCE)) visit(type!, id!);
  const address = text.slice(0, text.indexOf('\n') < 0 ? undefined : text.indexOf('\n'));
  const words = [...new Set(address.match(/[A-Za-z0-9.-]{3,64}/g) ?? [])].slice(0, MOST_WORDS);
  for (const word of words) if (store.locate('Patient', word)) patients.add(word);
  const found = [...patients].flatMap((id) => numbersOf(store.read('Patient', id)));
  return [...found, new Set([authority, ...words.flatMap((word) => [word, `${authority}|${word}`])])];
}

function numbersOf(patient: Stored | undefined): Set<string>[] {
  const identifiers = ((patient as { identifier?: unknown } | undefined)?.identifier ?? []) as {
    system?: string;
    value?: string;
  }[];
  return identifiers.flatMap(({ system = '', value }) => {
    if (!value) return [];
    const authority = plain(system);
    return [new Set([value, authority, system, `${authority}|${value}`, `${system}|${value}`])];
  });
}

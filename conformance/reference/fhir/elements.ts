import type { Desired, Fields } from '../model.ts';
import type { Patient } from './map.ts';

/** Elements of a patient, and the fields that are read from each. */
const READ_FROM: Record<string, readonly string[]> = {
  telecom: ['MobilePhone', 'HomePhone', 'Email'],
  address: ['MailingStreet', 'MailingCity', 'MailingState', 'MailingPostalCode'],
  birthDate: ['Birthdate'],
  gender: ['Sex__c'],
};

/** So many charts that lack an element which they had, and none that shows it, are no coincidence. */
const MANY = 3;
/** Passes after which every chart was read again. */
const ROUND = 2;

const showsElement = (patient: Patient, element: string): boolean => (patient as Record<string, unknown>)[element] !== undefined;

/** Elements that a chart lacks now, and that something is held from. */
export function goneElements(patient: Patient, desired: Desired | undefined): string[] {
  const holds = (name: string) => desired?.[name] !== undefined && desired[name].value !== null;
  return Object.keys(READ_FROM).filter((element) => !showsElement(patient, element) && READ_FROM[element]!.some(holds));
}

/** What a chart says of the fields that are read from these elements is left out. */
export const withoutElements = (fields: Fields, elements: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !elements.some((element) => READ_FROM[element]!.includes(name))));

export type Witness = {
  /** Takes in a chart that was asked for at that moment; says of which elements it is not believed that they are empty. */
  doubts(key: string, patient: Patient, gone: readonly string[], asked: number, pass: number): string[];
};

/**
 * A chart in which nothing stands where something stood: the clinic took it out, or an update of the EHR gave the element
 * another name. Only other charts can tell: one that still shows it, and was asked for later, says that it was the clinic. A
 * practice too small to tell is believed after a round.
 * @param tell hears of an element that no chart shows any more, and when one does again
 */
export function openWitness(tell: (element: string, isGone: boolean) => void): Witness {
  const shownAt = new Map<string, number>();
  const lacking = new Map<string, Map<string, { asked: number; pass: number }>>();
  const told = new Set<string>();

  function isDoubtful(element: string, key: string, asked: number, pass: number): boolean {
    const charts = lacking.get(element) ?? new Map<string, { asked: number; pass: number }>();
    lacking.set(element, charts);
    const first = charts.get(key) ?? { asked, pass };
    charts.set(key, first);
    if ((shownAt.get(element) ?? Number.NEGATIVE_INFINITY) > first.asked || (charts.size < MANY && pass - first.pass >= ROUND)) {
      charts.delete(key);
      return false;
    }
    if (charts.size >= MANY && !told.has(element)) {
      told.add(element);
      tell(element, true);
    }
    return true;
  }

  return {
    doubts(key, patient, gone, asked, pass) {
      for (const element of Object.keys(READ_FROM)) {
        if (!showsElement(patient, element)) continue;
        shownAt.set(element, Math.max(asked, shownAt.get(element) ?? asked));
        lacking.get(element)?.delete(key);
        if (told.delete(element)) tell(element, false);
      }
      return gone.filter((element) => isDoubtful(element, key, asked, pass));
    },
  };
}

import { digest } from '#kernel';
import { Edit } from './faults/edit.ts';

/** Reasons to take a message for one about a real patient; empty when there is none. */
export function looksReal(text: string): string[] {
  const message = new Edit(Buffer.from(text, 'latin1'));
  const reasons: string[] = [];
  const name = message.get('PID-5');
  const invented = /^ZZ|TEST|SAMPLE|DEMO|EXAMPLE/i.test(name);
  if (message.get('MSH-11').startsWith('P') && name !== '' && message.get('PID-7') !== '' && !invented)
    reasons.push('MSH-11 is P (production), and PID has a name and a birth date that no test name marks as invented');
  for (const place of ['PID-13', 'PID-14', 'PID-40', 'NK1-5', 'NK1-6', 'GT1-6', 'GT1-7', 'IN1-7']) {
    const held = message.get(place);
    const mail = held
      .match(/[\w.+-]+@[\w.-]+/g)
      ?.find((each) => !/(^|[@.])(example|invalid|test)(\.(com|org|net))?$/i.test(each));
    if (mail) reasons.push(`${place} holds an e-mail address outside the domains that are nobody's`);
    const digits = held.replace(/[\w.+-]+@[\w.-]+/g, '').replace(/\D/g, '');
    if (digits.length >= 10 && !/555-?\)?-?\s?01\d\d/.test(held) && !/55501\d\d/.test(digits))
      reasons.push(`${place} holds a phone number that may ring`);
  }
  if (/^(?!000|666|9)\d{3}-?(?!00)\d{2}-?(?!0000)\d{4}$/.test(message.get('PID-19').split(message.component)[0]!))
    reasons.push('PID-19 holds a social security number that may be given out');
  return reasons;
}

type Kind = 'id' | 'name' | 'date' | 'address' | 'phone' | 'drop';

/** Where identity stands (HL7 2.5.1, chapters 3 and 6), and what it is. */
const PLACES: Readonly<Record<string, Readonly<Record<number, Kind>>>> = {
  PID: {
    ...{ 2: 'id', 3: 'id', 4: 'id', 5: 'name', 6: 'name', 7: 'date', 9: 'name', 11: 'address', 12: 'drop', 13: 'phone' },
    ...{ 14: 'phone', 18: 'id', 19: 'drop', 20: 'drop', 21: 'id', 23: 'drop', 29: 'date', 40: 'phone' },
  },
  NK1: {
    2: 'name',
    4: 'address',
    5: 'phone',
    6: 'phone',
    12: 'id',
    16: 'date',
    26: 'name',
    30: 'name',
    31: 'phone',
    32: 'address',
    33: 'id',
    37: 'drop',
  },
  GT1: {
    2: 'id',
    3: 'name',
    4: 'name',
    5: 'address',
    6: 'phone',
    7: 'phone',
    8: 'date',
    12: 'drop',
    16: 'name',
    17: 'address',
    18: 'phone',
    19: 'id',
    21: 'name',
    45: 'name',
    46: 'phone',
  },
  IN1: { 5: 'address', 7: 'phone', 16: 'name', 18: 'date', 19: 'address', 36: 'id', 44: 'address', 49: 'id' },
  IN2: { 1: 'id', 2: 'drop', 6: 'id', 8: 'id', 52: 'name', 61: 'id', 63: 'phone' },
  MRG: { 1: 'id', 2: 'id', 3: 'id', 4: 'id', 5: 'id', 7: 'name' },
  PV1: { 5: 'id', 19: 'id', 50: 'id' },
  PD1: { 4: 'drop' },
};

const FREE = /^(TX|FT|ST)$/;

/**
 * Replaces the identity in messages by invented values, the same one each time it occurs: ids keep their length and digits,
 * names begin with ZZ, dates move within their year, phones are fictional. Free text (NTE, OBX of text) loses every word of
 * the identities that were met before or in the same message; documents in base64 are taken out.
 */
export class Scrubber {
  #salt: string;
  /** Words of identity, in capitals, and what they become. */
  #words = new Map<string, string>();

  /** @param salt makes another set of invented values; kept nowhere. */
  constructor(salt: string) {
    this.#salt = salt;
  }

  scrub(text: string): string {
    const message = new Edit(Buffer.from(text, 'latin1'));
    for (const segment of message.segments) {
      const places = PLACES[segment[0]!] ?? {};
      for (const [n, kind] of Object.entries(places)) {
        const at = Number(n);
        if (segment[at]) segment[at] = this.#field(message, segment[at]!, kind);
      }
    }
    for (const segment of message.segments) {
      if (segment[0] === 'NTE' && segment[3]) segment[3] = this.#free(segment[3]);
      if (segment[0] !== 'OBX' || !segment[5]) continue;
      if (FREE.test(segment[2] ?? '')) segment[5] = this.#free(segment[5]);
      if (segment[2] === 'ED' || segment[2] === 'RP') segment[5] = '';
    }
    return message.bytes().toString('latin1');
  }

  #field(message: Edit, value: string, kind: Kind): string {
    if (value === '""') return value;
    if (kind === 'drop') return '';
    return value
      .split(message.repetition)
      .map((one) => {
        const parts = one.split(message.component);
        if (kind === 'id') return [this.#id(parts[0]!), ...parts.slice(1)].join(message.component);
        if (kind === 'date') return this.#date(one);
        if (kind === 'phone') return this.#phone(one, message.component);
        // Suffix, prefix, degree and type of a name; state, postal code, country and type of an address.
        const kept = [3, 4, 5, 6];
        return parts
          .map((part, at) => (part === '' || part === '""' || kept.includes(at) ? part : this.#word(part)))
          .join(message.component);
      })
      .join(message.repetition);
  }

  #number(of: string): string {
    return BigInt(`0x${digest(this.#salt, of.toUpperCase())}`).toString();
  }

  // Digits for digits, letters for letters: a receiver that checks the form is still content.
  #id(value: string): string {
    if (value === '' || value === '""') return value;
    const digits = this.#number(value);
    let n = 0;
    const made = value.replace(/[0-9A-Za-z]/g, (char) => {
      const digit = Number(digits[n++ % digits.length]);
      return /\d/.test(char) ? String(digit) : String.fromCharCode((char <= 'Z' ? 65 : 97) + digit);
    });
    this.#words.set(value.toUpperCase(), made);
    return made;
  }

  #word(value: string): string {
    const syllables = ['ba', 'do', 'ki', 'lu', 'ma', 'ne', 'po', 'ra', 'su', 'ti'];
    const made = `ZZ${[...this.#number(value).slice(0, 4)].map((digit) => syllables[Number(digit)]).join('')}`;
    for (const word of [value, ...value.split(/[\s&]+/)]) if (word.length > 2) this.#words.set(word.toUpperCase(), made);
    return made;
  }

  #date(value: string): string {
    const [, year, rest = ''] = /^(\d{4})(.*)$/.exec(value) ?? [];
    if (!year || rest.length < 4) return value;
    const day = Number(this.#number(value.slice(0, 8)).slice(0, 6)) % 365;
    const moved = new Date(Date.UTC(Number(year), 0, 1 + day)).toISOString().slice(5, 10).replace('-', '');
    return `${year}${moved}${rest.slice(4)}`;
  }

  #phone(value: string, component: string): string {
    if (value.includes('@')) return ['', 'NET', 'Internet', `${this.#word(value).toLowerCase()}@mail.example`].join(component);
    if (!/\d/.test(value)) return value;
    const parts = value.split(component);
    const line = String(Number(this.#number(value).slice(0, 4)) % 100).padStart(2, '0');
    return [`(212)555-01${line}`, parts[1] ?? '', parts[2] ?? ''].join(component).replace(/\W+$/, '');
  }

  // Longest first, so that no part of a longer one is left behind.
  #free(value: string): string {
    const known = [...this.#words.keys()].sort((a, b) => b.length - a.length);
    let out = value;
    for (const word of known) {
      const found = new RegExp(`(?<![A-Za-z0-9])${word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}(?![A-Za-z0-9])`, 'gi');
      out = out.replace(found, this.#words.get(word)!);
    }
    // What has the form of a phone, a mail address or a social security number is none that we met; it goes all the same.
    return out
      .replace(/[\w.+-]+@[\w-]+\.[\w.]+/g, 'zz@mail.example')
      .replace(/\(?\d{3}\)?[-. ]?\d{3}[-. ]\d{4}/g, '(212)555-0100')
      .replace(/\b\d{3}-\d{2}-\d{4}\b/g, '000-00-0000');
  }
}

/**
 * A telephone number in E.164, its extension kept as ` x9`; undefined where nobody could dial it. Numbers without a
 * country are taken as North American, as the sites are.
 */
export function e164(text: string): string | undefined {
  const match = /^(?:tel:)?\s*([^a-z#;]*?)\s*(?:(?:;?\s*ext(?:ension)?\.?|x|#)\s*[.:=]?\s*(\d{1,7}))?\s*$/i.exec(text.trim());
  if (!match || !/^[+\d\s().\-/\u00a0\u2010-\u2013]+$/.test(match[1] as string)) return undefined;
  const written = match[1] as string;
  const digits = written.replace(/\D/g, '').replace(/^011(?=\d{8})/, (prefix) => (written.trim().startsWith('+') ? prefix : '+'));
  const number = international(digits, written.trim().startsWith('+'));
  return number && match[2] ? `${number} x${match[2]}` : number;
}

function international(digits: string, plus: boolean): string | undefined {
  if (digits.startsWith('+')) return international(digits.slice(1), true);
  if (plus && !digits.startsWith('1')) return /^[2-9]\d{7,14}$/.test(digits) && varied(digits) ? `+${digits}` : undefined;
  const national = digits.length === 11 && digits.startsWith('1') ? digits.slice(1) : plus ? '' : digits;
  // Area codes never begin with 0 or 1 nor have 9 in the middle. Exchanges are not looked at: 555-123-4567 is everybody's example.
  return /^[2-9][0-8]\d{8}$/.test(national) && varied(national) ? `+1${national}` : undefined;
}

// 2222222222 has the form of a number and is what clerks type to get past a required field.
const varied = (digits: string): boolean => new Set(digits).size > 1;

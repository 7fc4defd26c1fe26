import type { Occurrence } from '../message/build.ts';

/** How a dialect writes a phone: text, use and parts; without the text; or the text alone. */
export type PhoneStyle = 'full' | 'parts' | 'text';

/**
 * A phone number as XTN: `(212)555-0143^PRN^CP^^1^212^5550143`. A number outside the North American plan goes into XTN-1
 * and XTN-12 as it stands, since its parts cannot be told.
 * @param first whether there is an XTN-1 to use; where there is none, its text goes into XTN-12.
 */
export function phoneComponents(
  number: string,
  use: string,
  equipment: string,
  style: PhoneStyle = 'full',
  first = true,
): Occurrence {
  const [, main = number, extension] = /^(.*?)\s*(?:x|ext\.?)\s*(\d+)$/i.exec(number) ?? [];
  const digits = main.replace(/\D/g, '');
  const national = digits.length === 11 && digits.startsWith('1') ? digits.slice(1) : digits;
  const abroad = national.length !== 10 || (main.trim().startsWith('+') && !main.trim().startsWith('+1'));
  if (abroad) return [first ? main : '', use, equipment, '', '', '', '', extension, '', '', '', main];
  const [area, exchange, line] = [national.slice(0, 3), national.slice(3, 6), national.slice(6)];
  const written = `(${area})${exchange}-${line}${extension ? `X${extension}` : ''}`;
  if (style === 'text') return first ? [written] : ['', use, equipment, '', '', '', '', '', '', '', '', written];
  return [style === 'parts' || !first ? '' : written, use, equipment, '', '1', area, exchange + line, extension];
}

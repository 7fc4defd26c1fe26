/** Shorter pieces of base64 or hex are found in any text by chance. */
const SHORTEST_CODED = 8;

const NAMED: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };
const JSON_LETTER: Record<string, string> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' };

/**
 * What a text becomes inside a longer one that is written as base64: which letters those are hangs on how many bytes stand
 * before it. Letters that also hold bits of its neighbours are left off.
 */
function base64Cores(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return whole.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
}

/** How a value is found in a text. */
export interface Spellings {
  /** As it is. */
  plain: string[];
  /** In code whose letters also hold bits of what stands beside it. */
  coded: string[];
  /** As URLs, JSON and markup write it, each in its own way and once or several times over; absent where all write it as it is. */
  escaped?: RegExp;
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

// Which characters are escaped, and how, differs between writers: each one is looked for in all ways.
function escapes(char: string): string {
  const code = char.codePointAt(0)!;
  const hex = [...Buffer.from(char)].map((byte) => {
    const digits = byte.toString(16).padStart(2, '0');
    return `%(?:25)*[${digits[0]!.toUpperCase()}${digits[0]}][${digits[1]!.toUpperCase()}${digits[1]}]`;
  });
  const units = char.split('').map((unit) => `\\\\+u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const ways = [
    char === '\\' ? '\\\\' : `\\\\*${literally(char)}`,
    hex.join(''),
    units.join(''),
    `&(?:amp;)*(?:${NAMED[char] ? `${NAMED[char]}|` : ''}#0*${code}|#[xX]0*${code.toString(16)});`,
    ...(JSON_LETTER[char] ? [`\\\\+${JSON_LETTER[char]}`] : []),
    ...(char === ' ' ? ['\\+'] : []),
  ];
  // How many backslashes stand for how many hangs on how often the text was escaped.
  return `(?:${ways.join('|')})${char === '\\' ? '+' : ''}`;
}

/** The ways in which a value is found in URLs, JSON (also JSON within JSON), markup, headers and dumps. */
export function spellings(value: string): Spellings {
  const cores = base64Cores(value);
  const hex = Buffer.from(value).toString('hex');
  const coded = [...cores, ...cores.map((core) => core.replaceAll('+', '-').replaceAll('/', '_')), hex, hex.toUpperCase()];
  return {
    plain: [value],
    coded: coded.filter(({ length }) => length >= SHORTEST_CODED),
    // Letters and digits are written as they are by all.
    ...(/^[\w.-]*$/.test(value)
      ? {}
      : {
          escaped: new RegExp(
            [...value.replace(/\\+/g, '\\')].map((c) => (/[\w.-]/.test(c) ? literally(c) : escapes(c))).join(''),
            'g',
          ),
        }),
  };
}

/** The ways in which a line of base64 (of a key, say) is found; in code it would be told by the lines around it. */
export const lineSpellings = (line: string): Spellings => ({
  plain: [line, line.replaceAll('/', '\\/'), encodeURIComponent(line), line.replaceAll('+', '-').replaceAll('/', '_')],
  coded: [],
});

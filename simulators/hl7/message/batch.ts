import { type Ack, answeredBy, readAck } from './ack.ts';

/** Whether bytes are a batch: they begin with a file or a batch header. */
export const isBatch = (bytes: Buffer): boolean => /^\s*[FB]HS/.test(bytes.toString('latin1', 0, 64));

/** A count that a trailer says and that is not what came. */
export interface Miscount {
  /** Line of the trailer, from 1. */
  line: number;
  /** `BTS-1 says 7 messages, and there are 2 since line 2`. */
  problem: string;
}

/** What the envelopes around messages say, in a file or in a frame. */
export class Envelopes {
  readonly miscounts: Miscount[] = [];
  #messages = 0;
  #batches = 0;
  /** Line on which the batch began that is open. */
  #since = 1;
  /** A batch header, or a message outside any batch, waits for the trailer. */
  #open = false;

  /** A message begins. */
  message(line: number): void {
    if (!this.#open) this.#begin(line);
    this.#messages++;
  }

  /** An envelope segment. Each of them may be absent (HL7 2.5.1, 2.10.3.1), and so may be what it counts. */
  segment(segment: string, line: number): void {
    const name = segment.slice(0, 3);
    const said = (segment.split(segment[3] ?? '|')[1] ?? '').trim();
    if (name === 'BHS') this.#begin(line);
    else if (name === 'BTS') {
      if (!this.#open) this.#begin(line);
      this.#check('BTS-1', said, this.#messages, 'message', line);
      this.#open = false;
      this.#messages = 0;
    } else if (name === 'FTS') {
      this.#check('FTS-1', said, this.#batches, 'batch', line);
      this.#open = false;
      this.#batches = 0;
    } else if (name === 'FHS') {
      this.#open = false;
      this.#batches = 0;
    }
  }

  #begin(line: number): void {
    this.#open = true;
    this.#since = line;
    this.#messages = 0;
    this.#batches++;
  }

  #check(field: string, said: string, count: number, what: 'message' | 'batch', line: number): void {
    if (said === '' || Number(said) === count) return;
    const [many, are] = [what === 'message' ? 'messages' : 'batches', count === 1 ? 'is' : 'are'];
    const since = what === 'message' ? ` since line ${this.#since}` : '';
    const problem = /^\d+$/.test(said)
      ? `${field} says ${said} ${said === '1' ? what : many}, and there ${are} ${count}${since}`
      : `${field} is no count: ${JSON.stringify(said)}; there ${are} ${count}${since}`;
    this.miscounts.push({ line, problem });
  }
}

/** A batch that came in one frame. */
export interface Batch {
  /** Fields of BHS by number (FHS where there is no BHS): 3 to 6 say from whom to whom. */
  header: string[];
  /** BHS-11. */
  control: string;
  /** BHS-12: the batch that this one answers. */
  answers: string;
  /** Each message as it came. */
  messages: Buffer[];
  miscounts: Miscount[];
}

/** Takes a batch apart. */
export function readBatch(bytes: Buffer): Batch {
  const lines = bytes
    .toString('latin1')
    .split(/\r\n|\r|\n/)
    .map((line) => line.trimStart());
  const envelopes = new Envelopes();
  const messages: string[] = [];
  let header = '';
  for (const [at, line] of lines.entries()) {
    if (/^[FB](HS|TS)/.test(line)) {
      envelopes.segment(line, at + 1);
      if (line.startsWith('BHS') || header === '') header = line;
    } else if (line.startsWith('MSH')) {
      envelopes.message(at + 1);
      messages.push(`${line}\r`);
    } else if (line !== '' && messages.length > 0) messages[messages.length - 1] += `${line}\r`;
  }
  const field = header[3] ?? '|';
  const fields = header.split(field);
  fields.splice(1, 0, field);
  return {
    header: fields,
    control: (fields[11] ?? '').trim(),
    answers: (fields[12] ?? '').trim(),
    messages: messages.map((text) => Buffer.from(text, 'latin1')),
    miscounts: envelopes.miscounts,
  };
}

/** What a batch says of itself. */
export interface BatchHeader {
  /** MSH-1 and MSH-2 of its messages, as they stand. */
  delimiters: string;
  /** BHS-3 to BHS-6, as they stand. */
  parties: readonly string[];
  time: string;
  /** BHS-11. */
  control: string;
  /** BHS-12. */
  answers?: string;
  /** BTS-2. */
  comment?: string;
}

/** Messages in one batch: BHS, the messages as they are, BTS with their number. */
export function buildBatch(messages: readonly Buffer[], about: BatchHeader): Buffer {
  const { delimiters, parties, time, control, answers = '', comment = '' } = about;
  const field = delimiters[0] ?? '|';
  const header = [`BHS${delimiters}`, ...parties, time, '', '', '', control, answers].join(field);
  const trailer = ['BTS', String(messages.length), comment].join(field);
  const bare = (segment: string): string => segment.slice(0, segment.search(new RegExp(`\\${field}*$`)));
  const ended = messages.map((bytes) => (bytes.at(-1) === 0x0d ? bytes : Buffer.concat([bytes, Buffer.from('\r')])));
  return Buffer.concat([latin1(`${bare(header)}\r`), ...ended, latin1(`${bare(trailer)}\r`)]);
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** MSH-1 and MSH-2 of a message, and its MSH-3 to MSH-6. */
export function partiesOf(bytes: Buffer): Pick<BatchHeader, 'delimiters' | 'parties'> {
  const [line = ''] = bytes.toString('latin1').split(/[\r\n]/);
  const field = line[3] ?? '|';
  const [, signs = '^~\\&', ...fields] = line.split(field);
  return { delimiters: field + signs, parties: [0, 1, 2, 3].map((at) => fields[at] ?? '') };
}

/** What a frame that came for a batch says, by the control id of each message; what it says nothing of is not in it. */
export interface BatchAnswer {
  acks: Map<string, Ack>;
  /** It answers another batch, or nothing that is out. */
  stale?: Ack;
}

/**
 * Reads a frame that came for a batch. It may be a batch of acknowledgements, one for each message or for those alone that
 * were not taken (HL7 2.5.1, 2.10.3.3: the others are then acknowledged by silence); one acknowledgement of the batch by
 * its BHS-11, for all of its messages; or one of a single message, from a receiver that takes batches apart.
 */
export function readBatchAnswer(bytes: Buffer, control: string, ids: readonly string[]): BatchAnswer {
  const acks = new Map<string, Ack>();
  if (!isBatch(bytes)) {
    const answered = answeredBy(bytes);
    const own = answered === control ? ids : ids.filter((id) => id === answered);
    for (const id of own) acks.set(id, readAck(bytes, answered));
    return own.length > 0 ? { acks } : { acks, stale: readAck(bytes, control) };
  }
  const { answers, messages } = readBatch(bytes);
  const text = bytes.toString('latin1');
  if (answers !== '' && answers !== control) return { acks, stale: { outcome: 'stale', answered: answers, text } };
  const said = messages.map((each) => readAck(each, answeredBy(each)));
  for (const ack of said) if (ack.outcome !== 'garbled' && ids.includes(ack.answered ?? '')) acks.set(ack.answered!, ack);
  if (said.every(({ outcome }) => outcome === 'error' || outcome === 'reject')) {
    const implied: Ack = { outcome: 'positive', reason: 'not among those that the batch of acknowledgements refuses', text };
    for (const id of ids) if (!acks.has(id)) acks.set(id, implied);
  }
  return acks.size > 0 ? { acks } : { acks, stale: { outcome: 'stale', text } };
}

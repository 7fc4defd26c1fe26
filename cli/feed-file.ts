import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  createHl7Site,
  describeMessage,
  FileError,
  type FileMessage,
  type Hl7Site,
  looksReal,
  readMessages,
  Scrubber,
} from '#hl7';
import type { Kernel } from '#kernel';
import { UsageError } from './usage.ts';

/** A feed that is ready: its link, and the way to have all of it sent. */
export interface Play {
  link: Hl7Site;
  tell(stopped: AbortSignal): Promise<void>;
}

/**
 * The messages of a file, scrubbed where that is asked for; all of it happens in memory.
 * @throws UsageError naming the line, for what is no message, and for what looks like real patients' data.
 */
export function readFeedFile(file: string, given: { scrub?: boolean; 'i-scrubbed-it'?: boolean; seed?: string }): FileMessage[] {
  let messages: FileMessage[];
  try {
    messages = readMessages(readFileSync(file));
  } catch (error) {
    if (error instanceof FileError || (error as { code?: string }).code)
      throw new UsageError(`${file}: ${(error as Error).message}`);
    throw error;
  }
  if (given.scrub) {
    // Without a seed nobody can do it again, and so nobody can undo it by trying names.
    const scrubber = new Scrubber(given.seed ?? randomBytes(16).toString('hex'));
    return messages.map(({ line, text }) => ({ line, text: scrubber.scrub(text) }));
  }
  if (given['i-scrubbed-it']) return messages;
  const suspects = messages.flatMap(({ line, text }) => looksReal(text).map((reason) => `  line ${line}: ${reason}`));
  if (suspects.length === 0) return messages;
  const shown = suspects.slice(0, 5).join('\n');
  throw new UsageError(
    `${file} looks like data of real patients; nothing was sent or kept.\n${shown}\n  Replace identity with --scrub, or say --i-scrubbed-it where it is invented.`,
  );
}

/** Queues the messages as they are, each under the control id that it has. */
export async function replay(kernel: Kernel, messages: readonly FileMessage[]): Promise<Play> {
  const port = { follow: () => () => {}, commit: async () => ({ records: [], resources: [], seq: 0 }), find: async () => [] };
  const site = { site: 'feed', dialect: 'generic', authority: 'urn:feed', timeZone: 'UTC', port };
  const link = createHl7Site(kernel, site);
  await link.start({ host: '127.0.0.1', ports: {} });
  return {
    link,
    async tell() {
      for (const { text } of messages) {
        const { message, control, person } = describeMessage(text);
        link.give({ base64: Buffer.from(text, 'latin1').toString('base64'), text, message, person, answers: control });
      }
    },
  };
}

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Place } from '../manifest/manifest.ts';
import { fillTemplate } from '../manifest/template.ts';

/** What one look at an audit trail found. */
export interface Look {
  /** Whole lines that were not there before. */
  lines: string[];
  /** What was there before and is not any more, or is otherwise: an audit trail is only added to. */
  rewritten: string[];
}

interface Known {
  /** Bytes up to the end of the last whole line. */
  length: number;
  digest: string;
}

const LINE_END = 10;
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/**
 * The subject's audit trail: a file, a folder of files or an address. Each look reads all of it, holds what was there before against
 * the digest of then, and gives the lines that were added. One that is not there yet is empty.
 */
export class AuditTrail {
  readonly #read: () => Promise<Map<string, Buffer>>;
  #known = new Map<string, Known>();

  constructor(place: Place, variables: Record<string, string>) {
    this.#read =
      'url' in place
        ? () => fetched(fillTemplate(place.url, variables))
        : async () => filesOf(fillTemplate(place.path, variables));
  }

  async look(): Promise<Look> {
    const found = await this.#read();
    const look: Look = { lines: [], rewritten: [] };
    for (const [name, bytes] of found) {
      const { length, digest } = this.#known.get(name) ?? { length: 0, digest: digestOf(Buffer.alloc(0)) };
      if (bytes.length < length || digestOf(bytes.subarray(0, length)) !== digest) look.rewritten.push(name);
      const end = bytes.lastIndexOf(LINE_END) + 1;
      const added = bytes.subarray(Math.min(length, end), end).toString('utf8');
      look.lines.push(...added.split('\n').filter((line) => line.trim() !== ''));
      this.#known.set(name, { length: end, digest: digestOf(bytes.subarray(0, end)) });
    }
    for (const name of this.#known.keys())
      if (!found.has(name)) {
        look.rewritten.push(name);
        this.#known.delete(name);
      }
    return look;
  }
}

function filesOf(path: string): Map<string, Buffer> {
  try {
    const names = statSync(path).isDirectory()
      ? readdirSync(path)
          .sort()
          .map((name) => join(path, name))
      : [path];
    return new Map(names.filter((name) => statSync(name).isFile()).map((name) => [basename(name), readFileSync(name)]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
}

async function fetched(url: string): Promise<Map<string, Buffer>> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`hooks.audit answered HTTP ${response.status}`);
  return new Map([['audit', Buffer.from(await response.arrayBuffer())]]);
}

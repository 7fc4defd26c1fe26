import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Secrets } from './secrets.ts';

/** A secret that would have been left lying about: in which file, and which one. */
export interface Leak {
  file: string;
  line: number;
  name: string;
}

/** What was to be written, or was written, holds secrets: it is not there any more. */
export class SecretError extends Error {
  readonly leaks: readonly Leak[];
  constructor(leaks: readonly Leak[]) {
    const places = leaks.map(({ file, line, name }) => `${file}:${line} held ${name}`);
    super(`${places.join('; ')}: not written, or removed, since a run folder is made to be handed on`);
    this.leaks = leaks;
  }
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** The secrets in one text, by line. */
export function leaksIn(file: string, text: string, secrets: Secrets): Leak[] {
  if (secrets.find(text).length === 0 && !PRIVATE_KEY.test(text)) return [];
  const lines = text
    .split('\n')
    .flatMap((line, i) => [
      ...secrets.find(line).map((name) => ({ file, line: i + 1, name })),
      ...(PRIVATE_KEY.test(line) ? [{ file, line: i + 1, name: 'a private key' }] : []),
    ]);
  // What goes on over a line end is in no line.
  return lines.length > 0 ? lines : secrets.find(text).map((name) => ({ file, line: 1, name }));
}

/** Looks through every file of a folder. Files that hold a secret are removed. @throws SecretError naming each */
export function scanFolder(folder: string, secrets: Secrets): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const leaks = files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    const found = leaksIn(relative(folder, path), readFileSync(path, 'utf8'), secrets);
    if (found.length > 0) rmSync(path);
    return found;
  });
  if (leaks.length > 0) throw new SecretError(leaks);
}

import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Characters from which on a text is worth the time that compressing takes: it is of many records, which repeat each other. */
const LARGE = 8 * 1024;

/** An event's text as it lies in the database: large ones compressed, a seventh of their size, in less time than SQLite takes to write them whole. */
export const packed = (json: string): string | Uint8Array => (json.length < LARGE ? json : zstdCompressSync(json));

/** The text again. @param lies what the database gave */
export const unpacked = (lies: unknown): string =>
  lies instanceof Uint8Array ? zstdDecompressSync(lies).toString() : (lies as string);

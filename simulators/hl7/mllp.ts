import type { FrameDecoder, Received } from '#kernel';

/** Start and end of a frame: VT, and FS CR (HL7 Minimal Lower Layer Protocol, release 1). */
export const MLLP_START = Buffer.from([0x0b]);
export const MLLP_END = Buffer.from([0x1c, 0x0d]);

const VT = 0x0b;
const FS = 0x1c;
// Between frames, line ends, spaces, NULs and doubled end marks are common and mean nothing.
const HARMLESS = [0x00, 0x0a, 0x0d, 0x20, FS];

/** Commit acknowledgements of release 2: the block is kept, or it is not. */
export const COMMIT_ACK = 0x06;
export const COMMIT_NAK = 0x15;

/** The byte of a commit acknowledgement; undefined for a block that is none. */
export const commitOf = (block: Buffer): number | undefined =>
  block.length === 1 && (block[0] === COMMIT_ACK || block[0] === COMMIT_NAK) ? block[0] : undefined;

export const mllpFrame = (payload: Buffer): Buffer => Buffer.concat([MLLP_START, payload, MLLP_END]);

/**
 * Cuts a byte stream into frames, tolerantly: bytes before VT are junk, FS alone ends a frame (the CR may come in a later
 * packet, or never), and a VT inside a frame means that the one before was cut off.
 * @param limit largest frame in bytes; a longer one is junk up to the next VT.
 */
export class MllpDecoder implements FrameDecoder {
  #frame: Buffer[] | undefined;
  #size = 0;
  #limit: number;

  constructor(limit = 16 * 1024 * 1024) {
    this.#limit = limit;
  }

  push(chunk: Buffer): Received[] {
    const out: Received[] = [];
    for (let at = 0; at < chunk.length; ) {
      const vt = chunk.indexOf(VT, at);
      if (!this.#frame) {
        this.#junk(chunk.subarray(at, vt < 0 ? undefined : vt), out);
        if (vt < 0) break;
        this.#frame = [];
        this.#size = 0;
        at = vt + 1;
        continue;
      }
      const fs = chunk.indexOf(FS, at);
      const end = fs >= 0 && (vt < 0 || fs < vt) ? fs : vt;
      const part = chunk.subarray(at, end < 0 ? undefined : end);
      this.#frame.push(part);
      this.#size += part.length;
      if (this.#size > this.#limit || (end === vt && vt >= 0)) this.#abandon(out);
      else if (end >= 0) {
        out.push({ frame: Buffer.concat(this.#frame) });
        this.#frame = undefined;
      }
      // A VT that cut a frame off stays: it begins the next one.
      at = end < 0 ? chunk.length : end === vt ? vt : end + 1;
    }
    return out;
  }

  #abandon(out: Received[]): void {
    if (this.#size > 0) out.push({ junk: Buffer.concat(this.#frame ?? []) });
    this.#frame = undefined;
  }

  #junk(bytes: Buffer, out: Received[]): void {
    if (bytes.some((byte) => !HARMLESS.includes(byte))) out.push({ junk: bytes });
  }
}

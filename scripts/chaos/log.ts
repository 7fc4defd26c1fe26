/** One call of a client, as the client saw it. The journal knows it by `agent`, or a message by its control id. */
export interface Seen {
  agent: string;
  kind: 'read' | 'write' | 'message';
  /** What was written, in two fields at once; a record in which they differ is torn. */
  mark?: string;
  /** A whole answer came, and it was a positive one. */
  ok: boolean;
  /** Marks of the record that a read showed, field by field. */
  shown?: readonly (readonly string[])[];
}

/** The two values that one write sets, and the way back from them. */
export const marks = {
  given: (mark: string): string => `Gv${mark}`,
  family: (mark: string): string => `Fm${mark}`,
  /** Marks among these texts. */
  of: (...texts: (string | undefined)[]): string[] =>
    texts.flatMap((text) => {
      const found = /^(?:Gv|Fm)(\w+)$/.exec(text ?? '');
      return found ? [found[1]!] : [];
    }),
};

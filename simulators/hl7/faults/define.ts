import { defineFault, type Exchange, type FaultDefinition, type FaultParam, type FaultTools, type Outgoing } from '#kernel';
import { Edit } from './edit.ts';

type Values = Record<string, string>;

/** A fault of a sender: a row of the taxonomy of what breaks real feeds. */
export interface LinkFault extends FaultDefinition {
  row: string;
}

interface Row {
  row: string;
  name: string;
  /** What happens. */
  doc: string;
  /** What a correct receiver does. */
  receiver: string;
  params?: Record<string, FaultParam>;
  /** True for parameters at which nothing happens. */
  idle?: FaultDefinition['idle'];
  /** Messages that it can happen to; all when absent. */
  to?: RegExp;
  /** The message says the same all the same. */
  intact?: boolean;
  /** Changes the plan: framing, connection, schedule. */
  plan?: (outgoing: Outgoing, values: Values, tools: FaultTools, exchange: Exchange) => void | Promise<void>;
  /** Changes segments and fields. */
  edit?: (message: Edit, values: Values, tools: FaultTools) => void;
  /** Changes bytes. */
  bytes?: (bytes: Buffer, values: Values) => Buffer;
}

const COLOURS: Record<string, string> = {
  T: '#0369a1',
  D: '#7c3aed',
  O: '#0e7490',
  M: '#be185d',
  S: '#a16207',
  V: '#4d7c0f',
  L: '#c2410c',
};

/** A fault from its row. All of them act once, when the message becomes the head of the queue: what is sent again is whole. */
export function linkFault(row: Row): LinkFault {
  const { name, doc, receiver, params = {}, idle, to, intact, plan, edit, bytes } = row;
  const fault = defineFault({
    name,
    family: 'message',
    doc: `${row.row}: ${doc} A correct receiver ${receiver}`,
    params,
    applies: ({ sim }) => sim === 'hl7',
    ...(to ? { operations: to } : {}),
    ...(idle ? { idle } : {}),
    hooks: {
      message: async (exchange, given, tools) => {
        const { outgoing } = exchange;
        if (!outgoing) return;
        const values = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]));
        if (edit) {
          const message = new Edit(outgoing.bytes);
          edit(message, values, tools);
          outgoing.bytes = message.bytes();
        }
        if (bytes) outgoing.bytes = bytes(outgoing.bytes, values);
        await plan?.(outgoing, values, tools, exchange);
        if (intact) outgoing.intact = true;
      },
    },
    colour: COLOURS[row.row[0]!]!,
  });
  return Object.freeze({ ...fault, row: row.row });
}

/** A parameter that is one of some words, the first by default. */
export const oneOf = (doc: string, ...words: string[]): FaultParam => ({ type: 'string', doc, default: words[0], oneOf: words });

export const number = (doc: string, value: number, range: readonly [number, number]): FaultParam => ({
  type: 'number',
  doc,
  default: value,
  range,
});

export const text = (doc: string, value: string): FaultParam => ({ type: 'string', doc, default: value });

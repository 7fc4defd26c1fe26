import type { Exchange, Hook } from './hooks.ts';
import type { People } from './where.ts';

/** Puts back what pulling a lever changed. Calling it twice is harmless. */
export type Undo = () => void;

/**
 * One thing about a place that can be set otherwise for a while: which TLS versions a face offers, whether it accepts
 * connections, which key signs, what a clock says. The simulator knows it as a setting of its own; that a fault moves it
 * is not its business. Pulled again before it was undone, the newest pull counts, and undoing brings back the one before.
 * @throws Error when these parameters make no sense there.
 */
export type Lever = (params: Readonly<Record<string, unknown>>) => Undo | Promise<Undo>;

/** Where faults can act: a face, a link, pushed notifications. */
export interface FaultPlace {
  sim: string;
  tenant: string;
  /** Places of one kind share a column in the table of faults: `Epic FHIR`, `HL7 out`. Its name, where absent. */
  kind?: string;
  /** What the place is, for error messages and docs: `FHIR and v1 API`, `link out`, `notifications`. */
  name: string;
  /** The hooks that exchanges pass here. */
  hooks: readonly Hook[];
  /** Operations that exchanges here can have; asked anew each time, since routes are added one by one. Empty: any. */
  operations: () => readonly string[];
  /** Whether an exchange can have this operation and this type together; where it is absent, whether `operations` has it. */
  knows?: (operation: string | undefined, type: string | undefined) => boolean;
  /** Resource, object or message types there, for messages. */
  types?: () => readonly string[];
  /** Methods that exchanges here can have. Absent: they have none. */
  methods?: readonly string[];
  /** The people whose records an exchange touches, as far as the place can tell from its address, text and records. */
  people?: (exchange: Exchange) => People;
  /** The errors that are refused with here, by the names that `reject` takes; absent where any name will do. */
  errors?: () => readonly string[];
  /** Whether answers here go in pages. */
  paged?: boolean;
  /** What can be wrong with a notification that somebody else makes in place of the sender here: see the fault `forged`. */
  forgeries?: readonly string[];
  /** What can be set otherwise here, by name. */
  levers?: Readonly<Record<string, Lever>>;
}

/** All places of one process, so that a rule which could never act is refused when it is armed. */
export class Places {
  readonly #list: FaultPlace[] = [];

  add(place: FaultPlace): void {
    this.#list.push(place);
  }

  list(): readonly FaultPlace[] {
    return this.#list;
  }

  /** What the places of that simulator and tenant can tell of the people of an exchange: one knows as much as the other. */
  peopleOf(exchange: Exchange): People {
    const { sim, tenant } = exchange;
    const place = this.#list.find((one) => one.sim === sim && one.tenant === tenant && one.people !== undefined);
    return place?.people?.(exchange) ?? [];
  }

  /** The places of these names; all of them where a name is not given. */
  of(where: { sim?: string; tenant?: string }): FaultPlace[] {
    return this.#list.filter(
      ({ sim, tenant }) =>
        (where.sim === undefined || where.sim === sim) && (where.tenant === undefined || where.tenant === tenant),
    );
  }
}

import type { Face } from './http.ts';
import type { Identity } from './tls.ts';

/** What was asked for cannot be had (a port in use, a token or an option missing): says what to change. */
export class ConfigurationError extends Error {}

/** Where a part listens. Port 0 takes a free one; an absent port leaves that listener closed. */
export interface PartPorts {
  http?: number;
  https?: number;
  /** HL7 in. */
  tcp?: number;
}

export interface ListenOptions {
  host: string;
  ports: PartPorts;
  identity?: Identity;
}

/** What a person or a harness needs to know to connect to a part. */
export interface PartDescription {
  /** Site name, `crm`, or `<site>-hl7`. */
  name: string;
  sim: string;
  tenant: string;
  vendor?: string;
  /** Named addresses: `fhir`, `fhirTls`, `token`, `tokenTls`, `mllp`, `login`, … */
  addresses: Record<string, string>;
  /** Named credentials, fixed and documented; never real. */
  credentials: Record<string, string>;
}

/** A simulator mounted in a process: one EHR site, one site's HL7 links, the CRM. */
export interface Part {
  readonly name: string;
  readonly sim: string;
  readonly tenant: string;
  readonly faces: readonly Face[];
  start(options: ListenOptions): Promise<void>;
  stop(): Promise<void>;
  describe(): PartDescription;
  /** Adds the part's own routes to the control face. */
  control(face: Face): void;
}

/** What differs between versions of HL7 v2 in what a link sends. */
export interface Version {
  /** MSH-12. */
  readonly id: string;
  /** MSH-9.3 names the structure; it came with 2.3.1. */
  readonly structure: boolean;
  /** OBX-2 of a coded value: CE, or CWE as laboratories send it since 2.5.1. */
  readonly coded: 'CE' | 'CWE';
  /** OBX-2 of a time: TS, named DTM since 2.5. */
  readonly time: 'TS' | 'DTM';
  /** XTN-1, the phone as one text; withdrawn with 2.6, where the parts or XTN-12 say it. */
  readonly phoneText: boolean;
  /** Fields that were withdrawn: `PID-2`. They stay empty, whatever the dialect. */
  readonly withdrawn: readonly string[];
  /** Messages that were withdrawn, and what tells of the same act in their place. */
  readonly replaced: Readonly<Record<string, string>>;
  /** Structures of messages that came to have another: MSH-9.3 by message. */
  readonly structures: Readonly<Record<string, string>>;
  /** PID-40 says what PID-13 says, which is kept for older receivers only. */
  readonly telecom: boolean;
  /** When an appointment is: SCH-11, or TQ1 once the data type of SCH-11 was withdrawn. */
  readonly timing: 'SCH-11' | 'TQ1';
}

const V2_3: Version = {
  ...{ id: '2.3', structure: false, coded: 'CE', time: 'TS', phoneText: true, withdrawn: [] },
  ...{ replaced: {}, structures: {}, telecom: false, timing: 'SCH-11' },
};
const V2_5_1: Version = { ...V2_3, id: '2.5.1', structure: true, coded: 'CWE', time: 'DTM' };
const V2_6: Version = { ...V2_5_1, id: '2.6', phoneText: false };
const V2_7: Version = {
  ...V2_6,
  id: '2.7',
  withdrawn: ['EVN-1', 'PID-2', 'SCH-11'],
  replaced: { 'ADT^A34': 'ADT^A40', 'ORM^O01': 'REF^I12' },
  // ADT_A30 was withdrawn (HL7 table 0354).
  structures: { 'ADT^A47': 'ADT_A44' },
  telecom: true,
  timing: 'TQ1',
};

/** Every version that a link can send. */
export const VERSIONS: readonly Version[] = [
  V2_3,
  { ...V2_3, id: '2.3.1', structure: true },
  { ...V2_3, id: '2.4', structure: true },
  V2_5_1,
  V2_6,
  V2_7,
  { ...V2_7, id: '2.8' },
];

/** Their numbers, as text for people. */
export const VERSION_NAMES = VERSIONS.map(({ id }) => id).join(', ');

/** The version of that number. @throws naming those that there are. */
export function versionOf(id: string): Version {
  const found = VERSIONS.find((version) => version.id === id);
  if (!found) throw new Error(`this link sends no HL7 version ${JSON.stringify(id)}; there are: ${VERSION_NAMES}`);
  return found;
}

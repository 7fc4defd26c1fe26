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
}

/** Every version that a link can send. */
export const VERSIONS: readonly Version[] = [
  { id: '2.3', structure: false, coded: 'CE', time: 'TS' },
  { id: '2.3.1', structure: true, coded: 'CE', time: 'TS' },
  { id: '2.4', structure: true, coded: 'CE', time: 'TS' },
  { id: '2.5.1', structure: true, coded: 'CWE', time: 'DTM' },
];

/** The version of that number. @throws naming those that there are. */
export function versionOf(id: string): Version {
  const found = VERSIONS.find((version) => version.id === id);
  if (!found)
    throw new Error(`this link sends no HL7 version ${JSON.stringify(id)}; there are: ${VERSIONS.map((v) => v.id).join(', ')}`);
  return found;
}

declare module 'hl7-standard' {
  /** As much as the tests use of it. */
  export default class HL7 {
    constructor(text: string);
    transform(): void;
    get(path: string): unknown;
  }
}

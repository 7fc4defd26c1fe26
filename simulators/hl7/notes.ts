/** What a reader of the standards might look for in vain, and what is simpler here than in a hospital. */
export const HL7_NOTES: readonly string[] = [
  'MLLP release 1, or release 2 by the link setting `release`: each block is answered by a commit acknowledgement (ACK or NAK) before the application answers, and so is the answer; the listener gives both in one write. One block is under way on a connection at a time, as release 2 has it, whatever `pipeline` says.',
  'The sequence number protocol is **not built**: MSH-13 stays empty, MSA-4 is not read. The fault `sequence-number` writes numbers out of line into MSH-13, for receivers that look at it.',
  'Batches (FHS, BHS, BTS, FTS) are **not built** as a protocol: links send single messages, and the listener refuses a batch (AR, saying so). `feed --file` reads the messages of a batch file one by one; the fault `batch` wraps a message in one.',
  'Links send versions 2.3, 2.3.1, 2.4 and 2.5.1. Versions 2.6 to 2.8 are **not built**; the listener takes messages that call themselves 2.1 to 2.9, and reads of them what 2.5.1 defines.',
  'Character sets: ASCII, 8859/1 and UNICODE UTF-8. No multi-byte escapes (\\C..\\, \\M..\\).',
  'The listener takes ADT A08, A31 and A40 and SIU S12 to S15 and S26; everything else is refused by type or event (AR 200, 201).',
  'The MRN, name, address and phones of a message come from the commit that it tells of; of a person who was there before the link began to read, from the site as it is then.',
];

/** What Oracle Health's sources leave open, or is simpler here, and how it was settled. */
export const CERNER_NOTES: readonly string[] = [
  'Not verified: body and WWW-Authenticate of a 401; here an OperationOutcome with code login, and the standard header.',
  'Not verified: how long -pageContext holds; here 15 minutes, after which it is refused as invalid.',
  'Not verified: the status of a failed test of a patch, of a status that may not follow, of a path that is not offered; here 422.',
  'Not verified: what booking a slot that is taken answers; here 409.',
  'Not verified: Prefer, If-None-Exist and POST _search; here the first two are ignored or refused as undeclared, the third works.',
  'Contradictory: `_id` of Coverage is offered (statement of 2026, not the page of 2024); `date` of Appointment must carry time and offset (page of 2024; the statement of 2026 allows a bare date).',
  'Not verified: page sizes and totals of types other than those captured; here 50 and none. Not documented: other names of token errors than empty-scopes; error_uri leaves client and tenant out.',
  'Simpler here: there is no previous link; _count counts beside _id and identifier too; a Condition search for an encounter finds all conditions of it.',
  'Simpler here: version ids are plain numbers for every type; access tokens are opaque; narrative, digits-only phones, proprietary codings are not added; video visit links cannot be patched; 423 and 424 never come by themselves.',
  'The statement of the open endpoint is public, that of the secure one is not: writes are declared as the pages of the resources list them.',
];

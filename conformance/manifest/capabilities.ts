/** What a sync can be asked to do. A manifest declines one with a reason; the checks that need it are then not applicable. */
export const CAPABILITIES = {
  identity: 'links each patient to exactly one CRM record by MRN and assigning authority',
  demographics: 'keeps names, contact data and addresses as the map says',
  appointments: 'keeps booked, moved, cancelled and missed appointments',
  encounters: 'keeps last visits',
  summaries: 'keeps clinical summaries, never records',
  referrals: 'keeps referrals as tasks',
  consent: 'keeps consent per channel and purpose',
  leads: 'meets marketing leads that turn out to be patients',
  merges: 'follows merged patients',
  deletes: 'follows records that are deleted or entered in error',
  write_back: 'brings edits of CRM-owned fields to the EHR',
  bookings: 'brings bookings and confirmations made in the CRM to the EHR',
  batches: 'writes to the CRM in batches',
  backfill: 'loads an existing population',
  reconciliation: 'finds and repairs drift on its own',
  monitoring: 'shows failed and late items to an operator',
  audit: 'writes an audit trail of access to patient data',
} as const;

export type Capability = keyof typeof CAPABILITIES;

/**
 * The face of the simulators for everything that drives or judges them from outside: the control client and the types of
 * what it carries. The judge imports this and nothing deeper.
 */

export type {
  ArmedRule,
  Cancel,
  Clock,
  EventDraft,
  EventKind,
  JournalEvent,
  Parked,
  PartDescription,
  PersonId,
  RecordRef,
  Rule,
} from '#kernel';
export { digest, nearest, Random, recordKey, systemClock, tokenMark } from '#kernel';
export {
  type Armed,
  type CommitRequest,
  type CommitResult,
  ControlAwayError,
  ControlCallError,
  ControlClient,
  type RecordChange,
} from './control-client.ts';

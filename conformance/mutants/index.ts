import { arrivalOrder } from './arrival-order.ts';
import { crmWins } from './crm-wins.ts';
import type { MutantDefinition } from './define.ts';
import { dropsCancel } from './drops-cancel.ts';
import { emptiesOnUpdate } from './empties-on-update.ts';
import { formerAddress } from './former-address.ts';
import { halfHourSlots } from './half-hour-slots.ts';
import { ignoresCrmEdits } from './ignores-crm-edits.ts';
import { lawfulLookupFirst } from './lawful-lookup-first.ts';
import { lawfulPolling } from './lawful-polling.ts';
import { lawfulSerial } from './lawful-serial.ts';
import { leapDay } from './leap-day.ts';
import { linksLater } from './links-later.ts';
import { matchesByName } from './matches-by-name.ts';
import { noNewPersons } from './no-new-persons.ts';
import { pollGivesUp } from './poll-gives-up.ts';
import { refusesCopies } from './refuses-copies.ts';
import { relinks } from './relinks.ts';
import { rescheduleIsNew } from './reschedule-is-new.ts';
import { revertsEverything } from './reverts-everything.ts';
import { shedsLoad } from './sheds-load.ts';
import { utcDay } from './utc-day.ts';

/** Every mutant; the lawful variants last. */
export const MUTANTS: readonly MutantDefinition[] = [
  noNewPersons,
  relinks,
  matchesByName,
  leapDay,
  formerAddress,
  emptiesOnUpdate,
  halfHourSlots,
  dropsCancel,
  rescheduleIsNew,
  utcDay,
  crmWins,
  ignoresCrmEdits,
  revertsEverything,
  refusesCopies,
  linksLater,
  arrivalOrder,
  pollGivesUp,
  shedsLoad,
  lawfulSerial,
  lawfulPolling,
  lawfulLookupFirst,
];

/** Subjects that must pass nothing at all: one does nothing, one acknowledges everything and writes nothing. */
export const NULLS = ['does-nothing', 'acknowledges-all'] as const;

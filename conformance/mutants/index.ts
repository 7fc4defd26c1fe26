import { absentIsEmpty } from './absent-is-empty.ts';
import { acceptsUnsigned } from './accepts-unsigned.ts';
import { acksBeforeKeeping } from './acks-before-keeping.ts';
import { actsOnReplays } from './acts-on-replays.ts';
import { answersBack } from './answers-back.ts';
import { anyNameWillDo } from './any-name-will-do.ts';
import { appliesReplays } from './applies-replays.ts';
import { arrivalOrder } from './arrival-order.ts';
import { asNewAsRead } from './as-new-as-read.ts';
import { asksEverMoreSeldom } from './asks-ever-more-seldom.ts';
import { asksForEverything } from './asks-for-everything.ts';
import { asksLeadsWhomToCall } from './asks-leads-whom-to-call.ts';
import { asksOnce } from './asks-once.ts';
import { auditsFirstLook } from './audits-first-look.ts';
import { auditsIntentions } from './audits-intentions.ts';
import { auditsNoLookups } from './audits-no-lookups.ts';
import { auditsWhatItKnew } from './audits-what-it-knew.ts';
import { believesAnySender } from './believes-any-sender.ts';
import { believesAnyWeight } from './believes-any-weight.ts';
import { believesAnybody } from './believes-anybody.ts';
import { blanksFreeText } from './blanks-free-text.ts';
import { blanksWhatIsGone } from './blanks-what-is-gone.ts';
import { bulkOverwritesLive } from './bulk-overwrites-live.ts';
import { cannotSendNothing } from './cannot-send-nothing.ts';
import { chunkIsFrame } from './chunk-is-frame.ts';
import { closesOverdue } from './closes-overdue.ts';
import { completesDates } from './completes-dates.ts';
import { copiesNotes } from './copies-notes.ts';
import { correctsCapitals } from './corrects-capitals.ts';
import { countsEverything } from './counts-everything.ts';
import { createsAfterSilence } from './creates-after-silence.ts';
import { criesWolf } from './cries-wolf.ts';
import { crmGivesUp } from './crm-gives-up.ts';
import { crmWins } from './crm-wins.ts';
import { crossesPhones } from './crosses-phones.ts';
import type { MutantDefinition } from './define.ts';
import { dialsByHospital } from './dials-by-hospital.ts';
import { doesNotLookAgain } from './does-not-look-again.ts';
import { dropsCancel } from './drops-cancel.ts';
import { dropsExtension } from './drops-extension.ts';
import { dropsLocked } from './drops-locked.ts';
import { dropsNotices } from './drops-notices.ts';
import { echoLoop } from './echo-loop.ts';
import { emptiesOnUpdate } from './empties-on-update.ts';
import { everyReading } from './every-reading.ts';
import { exportsFromItsOwnClock } from './exports-from-its-own-clock.ts';
import { fallsBehind } from './falls-behind.ts';
import { firstDecisionCounts } from './first-decision-counts.ts';
import { firstPageOnly } from './first-page-only.ts';
import { flagsForEver } from './flags-for-ever.ts';
import { followsUpByTheWallClock } from './follows-up-by-the-wall-clock.ts';
import { followsUpFromNow } from './follows-up-from-now.ts';
import { forgetsAuthority } from './forgets-authority.ts';
import { forgetsCursor } from './forgets-cursor.ts';
import { forgetsItsAudit } from './forgets-its-audit.ts';
import { forgetsWhoLost } from './forgets-who-lost.ts';
import { formerAddress } from './former-address.ts';
import { goesOnPastWhatMoves } from './goes-on-past-what-moves.ts';
import { guessesSex } from './guesses-sex.ts';
import { halfAnExport } from './half-an-export.ts';
import { halfHourSlots } from './half-hour-slots.ts';
import { hammers } from './hammers.ts';
import { hardCodedKey } from './hard-coded-key.ts';
import { hasNoHeadroom } from './has-no-headroom.ts';
import { hintsAtFlags } from './hints-at-flags.ts';
import { ignoresA31 } from './ignores-a31.ts';
import { ignoresCrmEdits } from './ignores-crm-edits.ts';
import { ignoresMerge } from './ignores-merge.ts';
import { ignoresRetryAfter } from './ignores-retry-after.ts';
import { ignoresSignatures } from './ignores-signatures.ts';
import { insists } from './insists.ts';
import { insistsOnItsCopy } from './insists-on-its-copy.ts';
import { isItsOwnOrigin } from './is-its-own-origin.ts';
import { isItsOwnSource } from './is-its-own-source.ts';
import { keepsDecisionsHere } from './keeps-decisions-here.ts';
import { keepsEscapes } from './keeps-escapes.ts';
import { keepsItsToken } from './keeps-its-token.ts';
import { keepsPlaceholders } from './keeps-placeholders.ts';
import { keepsRefusalsToItself } from './keeps-refusals-to-itself.ts';
import { keepsToItself } from './keeps-to-itself.ts';
import { keysByChannel } from './keys-by-channel.ts';
import { knowsNoQuietHours } from './knows-no-quiet-hours.ts';
import { lastHeardIsLast } from './last-heard-is-last.ts';
import { lastListWins } from './last-list-wins.ts';
import { laterPagesMayFail } from './later-pages-may-fail.ts';
import { lawfulBulk } from './lawful-bulk.ts';
import { lawfulChanged } from './lawful-changed.ts';
import { lawfulCollections } from './lawful-collections.ts';
import { lawfulComposite } from './lawful-composite.ts';
import { lawfulCreateThenLink } from './lawful-create-then-link.ts';
import { lawfulExports } from './lawful-exports.ts';
import { lawfulFieldOrder } from './lawful-field-order.ts';
import { lawfulInsert } from './lawful-insert.ts';
import { lawfulLookupFirst } from './lawful-lookup-first.ts';
import { lawfulMessages } from './lawful-messages.ts';
import { lawfulParallel } from './lawful-parallel.ts';
import { lawfulPatches } from './lawful-patches.ts';
import { lawfulPersonAccounts } from './lawful-person-accounts.ts';
import { lawfulPhones } from './lawful-phones.ts';
import { lawfulPolling } from './lawful-polling.ts';
import { lawfulSerial } from './lawful-serial.ts';
import { lawfulSlow } from './lawful-slow.ts';
import { lawfulSubscription } from './lawful-subscription.ts';
import { lawfulTwoInstances } from './lawful-two-instances.ts';
import { lawfulTwoSites } from './lawful-two-sites.ts';
import { lawfulTwoVendors } from './lawful-two-vendors.ts';
import { leapDay } from './leap-day.ts';
import { letsSummariesStand } from './lets-summaries-stand.ts';
import { linksLater } from './links-later.ts';
import { livesForEver } from './lives-for-ever.ts';
import { logsPayloads } from './logs-payloads.ts';
import { longLease } from './long-lease.ts';
import { looksBackTenSeconds } from './looks-back-ten-seconds.ts';
import { looksThenCreates } from './looks-then-creates.ts';
import { looksTooEarly } from './looks-too-early.ts';
import { losesOneInThree } from './loses-one-in-three.ts';
import { makesNobody } from './makes-nobody.ts';
import { matchesByName } from './matches-by-name.ts';
import { mergesMoveVisitsOnly } from './merges-move-visits-only.ts';
import { missedIsCompleted } from './missed-is-completed.ts';
import { mistakesStayBooked } from './mistakes-stay-booked.ts';
import { modifyIsNew } from './modify-is-new.ts';
import { namesWhomItFails } from './names-whom-it-fails.ts';
import { needsEveryResource } from './needs-every-resource.ts';
import { needsPatientFirst } from './needs-patient-first.ts';
import { neverArrives } from './never-arrives.ts';
import { neverChecksTheHost } from './never-checks-the-host.ts';
import { neverClears } from './never-clears.ts';
import { neverCuts } from './never-cuts.ts';
import { neverRollsBack } from './never-rolls-back.ts';
import { noCentenarians } from './no-centenarians.ts';
import { noDueDate } from './no-due-date.ts';
import { noLastVisit } from './no-last-visit.ts';
import { noNewPersons } from './no-new-persons.ts';
import { oldestResult } from './oldest-result.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { oneConnectionOnly } from './one-connection-only.ts';
import { oneFlagForAll } from './one-flag-for-all.ts';
import { oneTokenForAll } from './one-token-for-all.ts';
import { oneVersionOnly } from './one-version-only.ts';
import { overwritesWhole } from './overwrites-whole.ts';
import { poisonBlocks } from './poison-blocks.ts';
import { pollGivesUp } from './poll-gives-up.ts';
import { pollsForNothing } from './polls-for-nothing.ts';
import { pollsWin } from './polls-win.ts';
import { poundsAreKilograms } from './pounds-are-kilograms.ts';
import { printsItsToken } from './prints-its-token.ts';
import { queuesInMemory } from './queues-in-memory.ts';
import { readsClocksByTodaysOffset } from './reads-clocks-by-todays-offset.ts';
import { readsLatin1 } from './reads-latin1.ts';
import { refusesCopies } from './refuses-copies.ts';
import { relinks } from './relinks.ts';
import { rescheduleIsNew } from './reschedule-is-new.ts';
import { revertsEverything } from './reverts-everything.ts';
import { revivesMerged } from './revives-merged.ts';
import { revokedIsDone } from './revoked-is-done.ts';
import { rewritesEachRound } from './rewrites-each-round.ts';
import { saysNothing } from './says-nothing.ts';
import { secondsAreEnough } from './seconds-are-enough.ts';
import { seenItAlready } from './seen-it-already.ts';
import { sendsUnescaped } from './sends-unescaped.ts';
import { servesAnyPractice } from './serves-any-practice.ts';
import { shedsLoad } from './sheds-load.ts';
import { speaksOldTls } from './speaks-old-tls.ts';
import { stampsOnce } from './stamps-once.ts';
import { stampsPeopleOnly } from './stamps-people-only.ts';
import { staysAtTls12 } from './stays-at-tls-1-2.ts';
import { staysSlow } from './stays-slow.ts';
import { stopsAtTwoHundred } from './stops-at-two-hundred.ts';
import { strictReader } from './strict-reader.ts';
import { strictlyLater } from './strictly-later.ts';
import { swallowsRefusals } from './swallows-refusals.ts';
import { takesEverything } from './takes-everything.ts';
import { takesItsTime } from './takes-its-time.ts';
import { takesOverLeads } from './takes-over-leads.ts';
import { takesTheLeaseForGranted } from './takes-the-lease-for-granted.ts';
import { tenDigits } from './ten-digits.ts';
import { timeoutsAreDone } from './timeouts-are-done.ts';
import { twoLookThenCreate } from './two-look-then-create.ts';
import { unknownIsBooked } from './unknown-is-booked.ts';
import { utcDay } from './utc-day.ts';
import { waitsEverLonger } from './waits-ever-longer.ts';
import { waitsForQuiet } from './waits-for-quiet.ts';
import { watchesContactsOnly } from './watches-contacts-only.ts';
import { winterAllYear } from './winter-all-year.ts';
import { wipesWhatItMayNotRead } from './wipes-what-it-may-not-read.ts';
import { writesBackLate } from './writes-back-late.ts';
import { writesBlindly } from './writes-blindly.ts';
import { writesForFormerOwners } from './writes-for-former-owners.ts';
import { writesWhatItRead } from './writes-what-it-read.ts';
import { zipsAreNumbers } from './zips-are-numbers.ts';

/** Every mutant; the lawful variants last. */
export const MUTANTS: readonly MutantDefinition[] = [
  noNewPersons,
  asksLeadsWhomToCall,
  hardCodedKey,
  blanksWhatIsGone,
  wipesWhatItMayNotRead,
  saysNothing,
  criesWolf,
  keepsItsToken,
  relinks,
  matchesByName,
  leapDay,
  formerAddress,
  emptiesOnUpdate,
  ignoresA31,
  livesForEver,
  halfHourSlots,
  dropsCancel,
  rescheduleIsNew,
  utcDay,
  crmWins,
  crossesPhones,
  answersBack,
  ignoresCrmEdits,
  revertsEverything,
  refusesCopies,
  linksLater,
  arrivalOrder,
  firstPageOnly,
  looksTooEarly,
  strictlyLater,
  pollGivesUp,
  shedsLoad,
  absentIsEmpty,
  acksBeforeKeeping,
  asksForEverything,
  completesDates,
  createsAfterSilence,
  crmGivesUp,
  dropsExtension,
  tenDigits,
  echoLoop,
  forgetsCursor,
  guessesSex,
  ignoresMerge,
  keepsEscapes,
  keepsPlaceholders,
  logsPayloads,
  asNewAsRead,
  stampsPeopleOnly,
  isItsOwnOrigin,
  stampsOnce,
  forgetsWhoLost,
  auditsNoLookups,
  auditsWhatItKnew,
  forgetsItsAudit,
  auditsIntentions,
  auditsFirstLook,
  printsItsToken,
  believesAnySender,
  believesAnybody,
  neverChecksTheHost,
  speaksOldTls,
  staysAtTls12,
  makesNobody,
  missedIsCompleted,
  modifyIsNew,
  needsPatientFirst,
  neverArrives,
  neverClears,
  oneVersionOnly,
  poisonBlocks,
  pollsForNothing,
  readsLatin1,
  revivesMerged,
  takesEverything,
  appliesReplays,
  chunkIsFrame,
  hammers,
  ignoresRetryAfter,
  keysByChannel,
  losesOneInThree,
  oneAtATime,
  oneConnectionOnly,
  overwritesWhole,
  rewritesEachRound,
  strictReader,
  takesItsTime,
  asksEverMoreSeldom,
  hasNoHeadroom,
  waitsForQuiet,
  fallsBehind,
  dropsLocked,
  neverCuts,
  swallowsRefusals,
  takesOverLeads,
  watchesContactsOnly,
  writesBackLate,
  looksThenCreates,
  twoLookThenCreate,
  keepsToItself,
  writesForFormerOwners,
  writesWhatItRead,
  insists,
  keepsRefusalsToItself,
  doesNotLookAgain,
  writesBlindly,
  insistsOnItsCopy,
  keepsDecisionsHere,
  oneFlagForAll,
  firstDecisionCounts,
  isItsOwnSource,
  lastListWins,
  knowsNoQuietHours,
  forgetsAuthority,
  lawfulSerial,
  lawfulParallel,
  lawfulSlow,
  lawfulFieldOrder,
  lawfulMessages,
  lawfulPolling,
  lawfulLookupFirst,
  lawfulInsert,
  lawfulTwoSites,
  lawfulTwoInstances,
  lawfulComposite,
  lawfulCollections,
  lawfulBulk,
  lawfulCreateThenLink,
  lawfulPersonAccounts,
  lawfulPhones,
  lawfulPatches,
  noLastVisit,
  followsUpFromNow,
  neverRollsBack,
  lastHeardIsLast,
  copiesNotes,
  flagsForEver,
  countsEverything,
  everyReading,
  oldestResult,
  letsSummariesStand,
  noDueDate,
  revokedIsDone,
  closesOverdue,
  poundsAreKilograms,
  believesAnyWeight,
  blanksFreeText,
  mistakesStayBooked,
  needsEveryResource,
  stopsAtTwoHundred,
  dialsByHospital,
  lawfulTwoVendors,
  lawfulExports,
  halfAnExport,
  hintsAtFlags,
  lawfulChanged,
  lawfulSubscription,
  dropsNotices,
  bulkOverwritesLive,
  staysSlow,
  acceptsUnsigned,
  ignoresSignatures,
  servesAnyPractice,
  actsOnReplays,
  asksOnce,
  // Written by somebody who had read no check.
  anyNameWillDo,
  cannotSendNothing,
  correctsCapitals,
  exportsFromItsOwnClock,
  followsUpByTheWallClock,
  goesOnPastWhatMoves,
  laterPagesMayFail,
  longLease,
  looksBackTenSeconds,
  mergesMoveVisitsOnly,
  namesWhomItFails,
  noCentenarians,
  oneTokenForAll,
  pollsWin,
  queuesInMemory,
  readsClocksByTodaysOffset,
  secondsAreEnough,
  seenItAlready,
  sendsUnescaped,
  takesTheLeaseForGranted,
  timeoutsAreDone,
  unknownIsBooked,
  waitsEverLonger,
  winterAllYear,
  zipsAreNumbers,
];

/** Subjects that must pass nothing at all: one does nothing, one acknowledges everything and writes nothing. */
export const NULLS = ['does-nothing', 'acknowledges-all'] as const;

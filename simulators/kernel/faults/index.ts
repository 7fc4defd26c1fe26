import type { FaultDefinition } from '../hooks.ts';
import { clientRevoked } from './client-revoked.ts';
import { clientRotated } from './client-rotated.ts';
import { clockOffset } from './clock-offset.ts';
import { commitThenHang } from './commit-then-hang.ts';
import { cursorExpired } from './cursor-expired.ts';
import { delayed } from './delayed.ts';
import { drop } from './drop.ts';
import { duplicate } from './duplicate.ts';
import { failAfterCommit } from './fail-after-commit.ts';
import { forged } from './forged.ts';
import { gate } from './gate.ts';
import { goesBack } from './goes-back.ts';
import { hang } from './hang.ts';
import { lateCommit } from './late-commit.ts';
import { latency } from './latency.ts';
import { lostReply } from './lost-reply.ts';
import { malformed } from './malformed.ts';
import { nextLinkBroken } from './next-link-broken.ts';
import { outage } from './outage.ts';
import { ownWritesLate } from './own-writes-late.ts';
import { pageLosesRow } from './page-loses-row.ts';
import { pageRepeatsRow } from './page-repeats-row.ts';
import { pageSizeIgnored } from './page-size-ignored.ts';
import { poisonRecord } from './poison-record.ts';
import { refuseBeforeCommit } from './refuse-before-commit.ts';
import { reorder } from './reorder.ts';
import { replayed } from './replayed.ts';
import { replyTwice } from './reply-twice.ts';
import { reset } from './reset.ts';
import { shortTokens } from './short-tokens.ts';
import { staleRead } from './stale-read.ts';
import { storm } from './storm.ts';
import { throttle } from './throttle.ts';
import { tokensEnd } from './tokens-end.ts';
import { vendorError } from './vendor-error.ts';
import { wrongReply } from './wrong-reply.ts';

/** Every fault, in the order in which docs and `syncproof list faults` show them. */
export const KERNEL_FAULTS: readonly FaultDefinition[] = [
  latency,
  hang,
  reset,
  outage,
  vendorError,
  throttle,
  refuseBeforeCommit,
  failAfterCommit,
  lostReply,
  lateCommit,
  commitThenHang,
  replyTwice,
  wrongReply,
  staleRead,
  ownWritesLate,
  goesBack,
  poisonRecord,
  pageRepeatsRow,
  pageLosesRow,
  nextLinkBroken,
  cursorExpired,
  pageSizeIgnored,
  malformed,
  duplicate,
  storm,
  reorder,
  drop,
  delayed,
  replayed,
  forged,
  gate,
  tokensEnd,
  shortTokens,
  clientRevoked,
  clientRotated,
  clockOffset,
];

import type { FaultDefinition } from '../hooks.ts';
import { bandwidth } from './bandwidth.ts';
import { clientRevoked } from './client-revoked.ts';
import { clientRotated } from './client-rotated.ts';
import { clockOffset } from './clock-offset.ts';
import { commitThenHang } from './commit-then-hang.ts';
import { connectReset } from './connect-reset.ts';
import { cursorExpired } from './cursor-expired.ts';
import { cutBody } from './cut-body.ts';
import { delayed } from './delayed.ts';
import { drop } from './drop.ts';
import { duplicate } from './duplicate.ts';
import { emptyBody } from './empty-body.ts';
import { failAfterCommit } from './fail-after-commit.ts';
import { forged } from './forged.ts';
import { forgotten } from './forgotten.ts';
import { garbled } from './garbled.ts';
import { gate } from './gate.ts';
import { goesBack } from './goes-back.ts';
import { halfJson } from './half-json.ts';
import { hang } from './hang.ts';
import { htmlPage } from './html-page.ts';
import { idleReset } from './idle-reset.ts';
import { lateCommit } from './late-commit.ts';
import { latency } from './latency.ts';
import { lostReply } from './lost-reply.ts';
import { malformed } from './malformed.ts';
import { nextLinkBroken } from './next-link-broken.ts';
import { noAccept } from './no-accept.ts';
import { outage } from './outage.ts';
import { ownWritesLate } from './own-writes-late.ts';
import { pageLosesRow } from './page-loses-row.ts';
import { pageRepeatsRow } from './page-repeats-row.ts';
import { pageSizeIgnored } from './page-size-ignored.ts';
import { partition } from './partition.ts';
import { poisonRecord } from './poison-record.ts';
import { refuseBeforeCommit } from './refuse-before-commit.ts';
import { refused } from './refused.ts';
import { reorder } from './reorder.ts';
import { replayed } from './replayed.ts';
import { replyTwice } from './reply-twice.ts';
import { reset } from './reset.ts';
import { shortTokens } from './short-tokens.ts';
import { slowBody } from './slow-body.ts';
import { staleRead } from './stale-read.ts';
import { storm } from './storm.ts';
import { throttle } from './throttle.ts';
import { tlsCertificate } from './tls-certificate.ts';
import { tlsVersions } from './tls-versions.ts';
import { tokensEnd } from './tokens-end.ts';
import { vendorError } from './vendor-error.ts';
import { wrongCharset } from './wrong-charset.ts';
import { wrongContentType } from './wrong-content-type.ts';
import { wrongReply } from './wrong-reply.ts';

/** Every fault, in the order in which docs and `syncproof list faults` show them. */
export const KERNEL_FAULTS: readonly FaultDefinition[] = [
  latency,
  bandwidth,
  slowBody,
  hang,
  refused,
  noAccept,
  connectReset,
  reset,
  cutBody,
  idleReset,
  forgotten,
  partition,
  outage,
  tlsCertificate,
  tlsVersions,
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
  garbled,
  htmlPage,
  wrongContentType,
  wrongCharset,
  emptyBody,
  halfJson,
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

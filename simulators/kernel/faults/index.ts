import type { FaultDefinition } from '../hooks.ts';
import { clientRevoked } from './client-revoked.ts';
import { clientRotated } from './client-rotated.ts';
import { clockOffset } from './clock-offset.ts';
import { drop } from './drop.ts';
import { duplicate } from './duplicate.ts';
import { gate } from './gate.ts';
import { hang } from './hang.ts';
import { latency } from './latency.ts';
import { lostReply } from './lost-reply.ts';
import { malformed } from './malformed.ts';
import { outage } from './outage.ts';
import { reorder } from './reorder.ts';
import { reset } from './reset.ts';
import { shortTokens } from './short-tokens.ts';
import { storm } from './storm.ts';
import { throttle } from './throttle.ts';
import { tokensEnd } from './tokens-end.ts';
import { vendorError } from './vendor-error.ts';

/** Every fault, in the order in which docs and `syncproof list faults` show them. */
export const KERNEL_FAULTS: readonly FaultDefinition[] = [
  latency,
  hang,
  reset,
  outage,
  vendorError,
  throttle,
  lostReply,
  malformed,
  duplicate,
  storm,
  reorder,
  drop,
  gate,
  tokensEnd,
  shortTokens,
  clientRevoked,
  clientRotated,
  clockOffset,
];

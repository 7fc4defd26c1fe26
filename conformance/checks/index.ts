import type { CheckDefinition } from '../check.ts';
import { ap01 } from './ap-01.ts';
import { ap02 } from './ap-02.ts';
import { ap03 } from './ap-03.ts';
import { ap04 } from './ap-04.ts';
import { ap05 } from './ap-05.ts';
import { ap06 } from './ap-06.ts';
import { ap07 } from './ap-07.ts';
import { ap08 } from './ap-08.ts';
import { ap09 } from './ap-09.ts';
import { bv01 } from './bv-01.ts';
import { bv02 } from './bv-02.ts';
import { bv03 } from './bv-03.ts';
import { bv04 } from './bv-04.ts';
import { bv05 } from './bv-05.ts';
import { cn01 } from './cn-01.ts';
import { cn02 } from './cn-02.ts';
import { cn03 } from './cn-03.ts';
import { cn04 } from './cn-04.ts';
import { cn05 } from './cn-05.ts';
import { cn06 } from './cn-06.ts';
import { cs01 } from './cs-01.ts';
import { cs02 } from './cs-02.ts';
import { cs03 } from './cs-03.ts';
import { cs04 } from './cs-04.ts';
import { cs05 } from './cs-05.ts';
import { cs06 } from './cs-06.ts';
import { dm01 } from './dm-01.ts';
import { dm02 } from './dm-02.ts';
import { dm03 } from './dm-03.ts';
import { dm04 } from './dm-04.ts';
import { dm05 } from './dm-05.ts';
import { dm06 } from './dm-06.ts';
import { dm07 } from './dm-07.ts';
import { dq01 } from './dq-01.ts';
import { dq02 } from './dq-02.ts';
import { dq03 } from './dq-03.ts';
import { dq04 } from './dq-04.ts';
import { dq05 } from './dq-05.ts';
import { dq06 } from './dq-06.ts';
import { dq07 } from './dq-07.ts';
import { dq08 } from './dq-08.ts';
import { en01 } from './en-01.ts';
import { en02 } from './en-02.ts';
import { en03 } from './en-03.ts';
import { en04 } from './en-04.ts';
import { hl01 } from './hl-01.ts';
import { hl02 } from './hl-02.ts';
import { hl03 } from './hl-03.ts';
import { hl04 } from './hl-04.ts';
import { hl05 } from './hl-05.ts';
import { hl06 } from './hl-06.ts';
import { hl07 } from './hl-07.ts';
import { hl08 } from './hl-08.ts';
import { id01 } from './id-01.ts';
import { id02 } from './id-02.ts';
import { id03 } from './id-03.ts';
import { id04 } from './id-04.ts';
import { id05 } from './id-05.ts';
import { id06 } from './id-06.ts';
import { id07 } from './id-07.ts';
import { id08 } from './id-08.ts';
import { ip01 } from './ip-01.ts';
import { ip02 } from './ip-02.ts';
import { ip03 } from './ip-03.ts';
import { ip04 } from './ip-04.ts';
import { ip05 } from './ip-05.ts';
import { ip06 } from './ip-06.ts';
import { ip07 } from './ip-07.ts';
import { ip08 } from './ip-08.ts';
import { lt01 } from './lt-01.ts';
import { lt02 } from './lt-02.ts';
import { lt03 } from './lt-03.ts';
import { lt04 } from './lt-04.ts';
import { lt05 } from './lt-05.ts';
import { or01 } from './or-01.ts';
import { or02 } from './or-02.ts';
import { or03 } from './or-03.ts';
import { or04 } from './or-04.ts';
import { or05 } from './or-05.ts';
import { or06 } from './or-06.ts';
import { or07 } from './or-07.ts';
import { ow01 } from './ow-01.ts';
import { ow02 } from './ow-02.ts';
import { ow03 } from './ow-03.ts';
import { ow04 } from './ow-04.ts';
import { ow05 } from './ow-05.ts';
import { ow06 } from './ow-06.ts';
import { ow07 } from './ow-07.ts';
import { rc01 } from './rc-01.ts';
import { rc02 } from './rc-02.ts';
import { rc03 } from './rc-03.ts';
import { rc04 } from './rc-04.ts';
import { rf01 } from './rf-01.ts';
import { rf02 } from './rf-02.ts';
import { rf03 } from './rf-03.ts';
import { rs01 } from './rs-01.ts';
import { rs02 } from './rs-02.ts';
import { rs03 } from './rs-03.ts';
import { rs04 } from './rs-04.ts';
import { rs05 } from './rs-05.ts';
import { rs06 } from './rs-06.ts';
import { rs07 } from './rs-07.ts';
import { rs08 } from './rs-08.ts';
import { rs09 } from './rs-09.ts';
import { rs10 } from './rs-10.ts';
import { se01 } from './se-01.ts';
import { se02 } from './se-02.ts';
import { se03 } from './se-03.ts';
import { se04 } from './se-04.ts';
import { se05 } from './se-05.ts';
import { se06 } from './se-06.ts';
import { se07 } from './se-07.ts';
import { se08 } from './se-08.ts';
import { se09 } from './se-09.ts';
import { se10 } from './se-10.ts';
import { sv01 } from './sv-01.ts';
import { sv02 } from './sv-02.ts';
import { sv03 } from './sv-03.ts';
import { sv04 } from './sv-04.ts';
import { sv05 } from './sv-05.ts';

/** Every check, in the order of the scorecard. */
export const CHECKS: readonly CheckDefinition[] = [
  id01,
  id02,
  id03,
  id04,
  id05,
  id06,
  id07,
  id08,
  dm01,
  dm02,
  dm03,
  dm04,
  dm05,
  dm06,
  dm07,
  ap01,
  ap02,
  ap03,
  ap04,
  ap05,
  ap06,
  ap07,
  ap08,
  ap09,
  cn01,
  cn02,
  cn03,
  cn04,
  cn05,
  cn06,
  en01,
  en02,
  en03,
  en04,
  cs01,
  cs02,
  cs03,
  cs04,
  cs05,
  cs06,
  rf01,
  rf02,
  rf03,
  ow01,
  ow02,
  ow03,
  ow04,
  ow05,
  ow06,
  ow07,
  ip01,
  ip02,
  ip03,
  ip04,
  ip05,
  ip06,
  ip07,
  ip08,
  or01,
  or02,
  or03,
  or04,
  or05,
  or06,
  or07,
  rs01,
  rs02,
  rs03,
  rs04,
  rs05,
  rs06,
  rs07,
  rs08,
  rs09,
  rs10,
  hl01,
  hl02,
  hl03,
  hl04,
  hl05,
  hl06,
  hl07,
  hl08,
  dq01,
  dq02,
  dq03,
  dq04,
  dq05,
  dq06,
  dq07,
  dq08,
  se01,
  se02,
  se03,
  se04,
  se05,
  se06,
  se07,
  se08,
  se09,
  se10,
  bv01,
  bv02,
  bv03,
  bv04,
  bv05,
  rc01,
  rc02,
  rc03,
  rc04,
  sv01,
  sv02,
  sv03,
  sv04,
  sv05,
  lt01,
  lt02,
  lt03,
  lt04,
  lt05,
];

import type { CheckDefinition } from '../check.ts';
import { ap01 } from './ap-01.ts';
import { ap02 } from './ap-02.ts';
import { ap03 } from './ap-03.ts';
import { ap07 } from './ap-07.ts';
import { bv01 } from './bv-01.ts';
import { dm01 } from './dm-01.ts';
import { dm02 } from './dm-02.ts';
import { hl03 } from './hl-03.ts';
import { id01 } from './id-01.ts';
import { id02 } from './id-02.ts';
import { id03 } from './id-03.ts';
import { ip01 } from './ip-01.ts';
import { ip04 } from './ip-04.ts';
import { or01 } from './or-01.ts';
import { or02 } from './or-02.ts';
import { ow01 } from './ow-01.ts';
import { ow02 } from './ow-02.ts';
import { rs01 } from './rs-01.ts';

/** Every check, in the order of the scorecard. */
export const CHECKS: readonly CheckDefinition[] = [
  id01,
  id02,
  id03,
  dm01,
  dm02,
  ap01,
  ap02,
  ap03,
  ap07,
  ow01,
  ow02,
  ip01,
  ip04,
  or01,
  or02,
  rs01,
  hl03,
  bv01,
];

/** How many blockers each level will have when the suite is whole. */
export const BLOCKERS_PLANNED = { 1: 35, 2: 29, 3: 7 } as const;

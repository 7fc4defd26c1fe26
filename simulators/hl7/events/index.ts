import { type Dialect, speaks } from '../dialects/index.ts';
import type { Version } from '../versions.ts';
import { adtA04 } from './adt-a04.ts';
import { adtA08 } from './adt-a08.ts';
import { adtA28 } from './adt-a28.ts';
import { adtA29 } from './adt-a29.ts';
import { adtA31 } from './adt-a31.ts';
import { adtA34 } from './adt-a34.ts';
import { adtA37 } from './adt-a37.ts';
import { adtA40 } from './adt-a40.ts';
import { adtA47 } from './adt-a47.ts';
import { mdmT02 } from './mdm-t02.ts';
import { ormO01 } from './orm-o01.ts';
import { oruR01 } from './oru-r01.ts';
import { refI12 } from './ref-i12.ts';
import { siuS12 } from './siu-s12.ts';
import { siuS13 } from './siu-s13.ts';
import { siuS14 } from './siu-s14.ts';
import { siuS15 } from './siu-s15.ts';
import { siuS17 } from './siu-s17.ts';
import { siuS26 } from './siu-s26.ts';
import type { Trigger } from './trigger.ts';
import { VISIT_TRIGGERS } from './visit.ts';
import { vxuV04 } from './vxu-v04.ts';

/** Every trigger event that a link can send. Of two for one act, each dialect speaks one at most. */
export const TRIGGERS: readonly Trigger[] = [
  ...VISIT_TRIGGERS,
  adtA04,
  adtA08,
  adtA28,
  adtA29,
  adtA31,
  adtA34,
  adtA37,
  adtA40,
  adtA47,
  siuS12,
  siuS13,
  siuS14,
  siuS15,
  siuS17,
  siuS26,
  oruR01,
  vxuV04,
  mdmT02,
  refI12,
  ormO01,
];

/** What a link of that dialect and version sends for an act. */
export const triggerOf = (act: string, dialect: Dialect, version: Version): Trigger | undefined =>
  TRIGGERS.find(({ acts, message }) => acts.includes(act) && speaks(dialect, message, version));

import { adtA04 } from './adt-a04.ts';
import { adtA08 } from './adt-a08.ts';
import { adtA28 } from './adt-a28.ts';
import { adtA31 } from './adt-a31.ts';
import { adtA40 } from './adt-a40.ts';
import { siuS12 } from './siu-s12.ts';
import { siuS13 } from './siu-s13.ts';
import { siuS14 } from './siu-s14.ts';
import { siuS15 } from './siu-s15.ts';
import { siuS26 } from './siu-s26.ts';
import type { Trigger } from './trigger.ts';

/** Every trigger event that a link can send. No act raises two of them. */
export const TRIGGERS: readonly Trigger[] = [adtA04, adtA08, adtA28, adtA31, adtA40, siuS12, siuS13, siuS14, siuS15, siuS26];

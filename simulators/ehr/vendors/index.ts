import { athena } from './athena.ts';
import { cerner } from './cerner.ts';
import { epic } from './epic.ts';
import { r4 } from './r4.ts';
import type { Vendor } from './vendor.ts';

/** Every vendor face of the EHR, the base first. */
export const VENDORS: readonly Vendor[] = [r4, epic, athena, cerner];

import type { Transformed } from './transforms.ts';

/** Kilograms of one unit, by the ways in which people and UCUM write it. */
const UNITS: Readonly<Record<string, number>> = {
  kg: 1,
  kgs: 1,
  kilogram: 1,
  kilograms: 1,
  g: 0.001,
  '[lb_av]': 0.45359237,
  lb: 0.45359237,
  lbs: 0.45359237,
  pound: 0.45359237,
  pounds: 0.45359237,
};

/**
 * The transform `kilograms:<min>-<max>`: a FHIR Quantity as kilograms with one decimal. A quantity without a unit, or with
 * one that is not known, is never guessed; what is out of bounds is a slip of the decimal point or of the unit.
 */
export function kilograms(setting: string): (input: unknown) => Transformed {
  const [, min, max] = /^(\d+)-(\d+)$/.exec(setting) ?? [];
  if (min === undefined) throw new Error('"kilograms" needs bounds, such as kilograms:20-400');
  return (input) => {
    const { value, unit, code } = (input ?? {}) as { value?: number; unit?: string; code?: string };
    if (typeof value !== 'number') return undefined;
    const written = code ?? unit;
    if (!written) return { wrong: 'has no unit', code: 'No unit' };
    const factor = UNITS[written.toLowerCase()];
    if (factor === undefined) return { wrong: `is in ${written}, which is no unit of weight`, code: 'Unknown unit' };
    const kg = Math.round(value * factor * 10) / 10;
    if (kg < Number(min) || kg > Number(max)) return { wrong: `is ${kg} kg, outside ${setting}`, code: 'Implausible' };
    return { value: kg };
  };
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of `500ms`, `2s`, `5m`, `24h`, `7d`, `0`, or an ISO 8601 duration without months or years (`PT5M`, `P1DT12H`).
 * Undefined when it is neither; a number without a unit is neither, since nobody can tell seconds from minutes.
 */
export function parseDuration(text: string): number | undefined {
  const short = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text.trim());
  if (short) return Number(short[1]) * UNITS[short[2]!]!;
  if (/^0+$/.test(text.trim())) return 0;
  const iso = /^P(?!$)(?:(\d+)W)?(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(text.trim());
  if (!iso) return undefined;
  const [weeks, days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return (weeks * 7 + days) * UNITS.d! + hours * UNITS.h! + minutes * UNITS.m! + Math.round(seconds * 1000);
}

/** The shortest exact spelling: `1500ms`, `90s`, `5m`, `24h`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const unit = (['h', 'm', 's'] as const).find((name) => ms % UNITS[name]! === 0);
  return unit ? `${ms / UNITS[unit]!}${unit}` : `${ms}ms`;
}

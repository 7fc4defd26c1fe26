export { nearest } from '#simulators';

/** A mistake in what the user wrote (manifest, map, wiring): where it is, and what to do about it. */
export interface Problem {
  severity: 'error' | 'warning';
  file?: string;
  /** Counts from 1. */
  line?: number;
  column?: number;
  message: string;
  /** What to change, as an instruction. */
  fix: string;
}

/** `syncproof.yaml:12:5: error: …` and the fix on a line of its own. */
export function formatProblem({ file, line, column, severity, message, fix }: Problem): string {
  const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':');
  return `${place ? `${place}: ` : ''}${severity}: ${message}\n    fix: ${fix}`;
}

import type { LevelId, Size, Standing } from '../result.ts';
import { LEVELS } from './levels.ts';

const named = (id: LevelId): string => `level ${id.slice(1)} (${LEVELS.find((level) => level.id === id)?.name})`;

/**
 * Level and badges in one sentence. The two are never apart, and what a run of ci size cannot show is never said without that word.
 */
export function sayStanding({ level, checksHold, withheld, levels, badges, latency, beside }: Standing, size: Size): string {
  const notes = beside.length > 0 ? ` (${beside.join('; ')})` : '';
  if (withheld !== undefined) return `no level is awarded: ${withheld}${notes}`;
  const next = levels.find(({ id, state }) => state === 'lacking' && id > (level ?? ''));
  const earned = badges.filter(({ state }) => state === 'earned').map(({ id }) => id);
  const worn = [...earned, ...(latency?.class && level && level !== 'L0' ? [`latency ${latency.class}`] : [])];
  const wearing = worn.length > 0 ? `badges ${worn.join(', ')}` : 'no badge';
  const reached = level ? `${named(level)}, ${wearing}` : 'no level';
  const beyond = levels.find(({ id }) => id === checksHold)?.beyond ?? [];
  const but = size === 'ci' ? 'in ci size only' : `but for ${beyond.join(' and ')}`;
  const nearly = checksHold && checksHold !== level ? `; ${named(checksHold)} ${but}` : '';
  const short = !nearly && next ? `; ${named(next.id)} lacks ${next.lacks.length}` : '';
  return `${reached}${nearly}${short}${notes}`;
}

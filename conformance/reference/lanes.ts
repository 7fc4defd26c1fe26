/**
 * Works on keys, `width` at a time, and never twice at once on one key: a key that is woken while it is worked on is worked
 * on again afterwards. One slow key takes one lane; the others pass it by. What happens now goes before what can wait.
 */
export function openLanes(width: number, work: (key: string) => Promise<void>) {
  const waiting = new Set<string>();
  const urgent = new Set<string>();
  const running = new Map<string, Promise<void>>();

  function next(): void {
    for (const keys of [urgent, waiting]) nextOf(keys);
  }

  function nextOf(keys: Set<string>): void {
    for (const key of keys) {
      if (running.size >= width) return;
      if (running.has(key)) continue;
      keys.delete(key);
      const done = work(key).finally(() => {
        running.delete(key);
        next();
      });
      running.set(key, done);
    }
  }

  return {
    wake(keys: Iterable<string>, isUrgent = false): void {
      for (const key of keys) {
        if (isUrgent) waiting.delete(key);
        if (isUrgent || !urgent.has(key)) (isUrgent ? urgent : waiting).add(key);
      }
      next();
    },
    /** Lets nobody else begin, and resolves when all that is under way has ended. */
    async close(): Promise<void> {
      for (const keys of [urgent, waiting]) keys.clear();
      await Promise.all(running.values());
    },
  };
}

/** Runs the work over all items, `width` at a time. */
export async function eachOf<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const lane = async () => {
    for (let item = queue.next(); !item.done; item = queue.next()) await work(item.value);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

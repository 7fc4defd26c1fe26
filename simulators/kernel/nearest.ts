/** Number of inserted, dropped, replaced or swapped neighbouring letters between two words. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** The valid name that the user most likely meant; undefined when none is close. Case, `-`, `_` and `/` do not count. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[-_\s/]/g, '');
  const wanted = plain(word);
  const ranked = names.map((name) => ({ name, steps: distance(wanted, plain(name)) })).sort((a, b) => a.steps - b.steps);
  const best = ranked[0];
  return best && best.steps <= Math.max(1, Math.floor(wanted.length / 3)) ? best.name : undefined;
}

/** `; did you mean "x"? There are: …`, or `; there are: …` when nothing is near. Long lists show their beginning. */
export function instead(word: string, names: readonly string[], most = 40): string {
  const close = nearest(word, names);
  const shown = names.length > most ? `${names.slice(0, most).join(', ')}, …` : names.join(', ') || 'none';
  return `; ${close ? `did you mean ${JSON.stringify(close)}? There are` : 'there are'}: ${shown}`;
}

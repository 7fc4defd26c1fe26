/** Something to do; false when it could not be done. */
type Work = () => boolean;

interface Queue {
  works: Work[];
  /** Attempts so far, and when the next one is due (µs). */
  attempts: number;
  due: number;
}

export interface ChoreOptions {
  /** The time in µs. */
  now(): number;
  /** How long it waits after so many failed attempts, in ms. */
  wait(attempts: number): number;
  /** Whether what failed is kept at all. */
  keeps: boolean;
}

/** What a subject does later: what it put off, and what failed, in order for each record that it is about. */
export class FakeChores {
  readonly #o: ChoreOptions;
  #failed = new Map<string, Queue>();
  #later: { due: number; work: () => void }[] = [];

  constructor(options: ChoreOptions) {
    this.#o = options;
  }

  /** Does something now, or after what is still to be done about the same. */
  try(about: string, work: Work): void {
    const queue = this.#failed.get(about);
    if (queue) queue.works.push(work);
    else this.#run(about, { works: [work], attempts: 0, due: 0 });
  }

  after(ms: number, work: () => void): void {
    this.#later.push({ due: this.#o.now() + ms * 1000, work });
  }

  /** When there is something to do next (µs). */
  get nextDue(): number {
    return Math.min(...[...this.#later, ...this.#failed.values()].map(({ due }) => due), Number.POSITIVE_INFINITY);
  }

  /** Does what is due by now, or all that failed. */
  run(all = false): void {
    const isDue = ({ due }: { due: number }) => due <= this.#o.now();
    const ripe = this.#later.filter(isDue);
    this.#later = this.#later.filter((one) => !ripe.includes(one));
    for (const { work } of ripe) work();
    for (const [about, queue] of [...this.#failed]) if (all || isDue(queue)) this.#run(about, queue);
  }

  /** A crash: what was put off is gone, what failed is on record. */
  crash(): void {
    this.#later = [];
  }

  #run(about: string, { works, attempts }: Queue): void {
    this.#failed.delete(about);
    while (works.length > 0) {
      if (works[0]!()) {
        works.shift();
        continue;
      }
      if (!this.#o.keeps) return;
      const since = this.#failed.get(about)?.works ?? [];
      const due = this.#o.now() + this.#o.wait(attempts + 1) * 1000;
      this.#failed.set(about, { works: [...works, ...since], attempts: attempts + 1, due });
      return;
    }
  }
}

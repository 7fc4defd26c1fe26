/** Addresses of one shape that are remembered at most. */
const MOST = 1000;
// What a router takes as it stands: no empty segment. What is encoded is no text of a pattern, and decoded in parameters only.
const PLAIN = /^(?:\/[\w.$~%-]+)+$/;
const PLAIN_SEGMENT = /^[\w.$~%-]+$/;
// What a pattern is made of: text, a parameter, text before a parameter, or at its end a rest that may be absent.
const PATTERN = /^(?:\/(?:[\w.$~-]*:\w+|\*\w+|[\w.$~-]+))*(?:\{\/\*\w+\}|\/)?$/;

/** What is known of addresses that begin alike, by what their next segment is. */
interface Node<M> {
  next: Map<string, Node<M>>;
  known?: Known<M>;
}

interface Known<M> {
  match: M;
  /** Where the parameters stand, and how much text stands before each. */
  params: { name: string; at: number; cut: number }[];
}

/**
 * Remembers what the router answered, by the shape of the address: which of its segments are texts that stand in some
 * pattern. Two addresses of one shape go to the same route, whatever the other segments say, so that a router that tries
 * pattern after pattern is asked once for `/fhir/Patient/1` and `/fhir/Patient/2`. What it cannot tell it leaves to the router.
 */
export class RouteMemo<M> {
  #texts = new Set<string>();
  #prefixes = new Set<string>();
  /** By method. */
  #roots = new Map<string, Node<M>>();
  /** Where an address stands before its last segment, by method and by the text up to there: most differ in the last one only. */
  #heads = new Map<string, Map<string, Node<M>>>();
  #size = 0;
  /** Every pattern is of a form that shapes tell apart. */
  #sound = true;

  /** Every pattern that the router knows must be told. */
  add(pattern: string): void {
    this.#forget();
    if (!PATTERN.test(pattern)) this.#sound = false;
    for (const piece of pattern.replace(/\{\/\*\w+\}$/, '').split('/')) {
      const [text = '', name] = piece.toLowerCase().split(/[:*]/);
      if (name === undefined) this.#texts.add(text);
      else if (text !== '') this.#prefixes.add(text);
    }
  }

  #forget(): void {
    this.#roots.clear();
    this.#heads.clear();
    this.#size = 0;
  }

  find(method: string, path: string): { match: M; params: Record<string, string> } | undefined {
    const end = path.lastIndexOf('/');
    const last = path.slice(end + 1);
    const head = PLAIN_SEGMENT.test(last) ? this.#head(method, path.slice(0, end)) : undefined;
    const known = head?.next.get(this.#shape(last))?.known;
    if (!known) return undefined;
    const segments = path.split('/');
    const params: Record<string, string> = {};
    for (const { name, at, cut } of known.params) {
      const value = decoded(segments[at]!.slice(cut));
      if (value === undefined) return undefined;
      params[name] = value;
    }
    return { match: known.match, params };
  }

  #head(method: string, text: string): Node<M> | undefined {
    const heads = this.#heads.get(method) ?? new Map<string, Node<M>>();
    const met = heads.get(text);
    if (met) return met;
    // An address of one segment has nothing before it.
    const segments = text === '' ? [''] : this.#segments(text);
    let node = segments && this.#roots.get(method);
    for (const segment of segments ?? []) node = node?.next.get(this.#shape(segment));
    if (!node) return undefined;
    if (heads.size < MOST) heads.set(text, node);
    this.#heads.set(method, heads);
    return node;
  }

  /** The router has sent this address to the route of that pattern. */
  keep(method: string, path: string, pattern: string, match: M): void {
    const segments = this.#segments(path);
    if (!segments || pattern.includes('*') || this.#size >= MOST) return;
    const params = pattern.split('/').flatMap((piece, at) => {
      const cut = piece.indexOf(':');
      return cut < 0 ? [] : [{ name: piece.slice(cut + 1), at, cut }];
    });
    let node = grown(this.#roots, method);
    for (const segment of segments) node = grown(node.next, this.#shape(segment));
    if (!node.known) this.#size++;
    node.known = { match, params };
  }

  // Undefined where the router must be asked.
  #segments(path: string): string[] | undefined {
    return this.#sound && PLAIN.test(path) ? path.split('/') : undefined;
  }

  // The text that a segment is, and what it begins with.
  #shape(segment: string): string {
    const small = segment.toLowerCase();
    let shape = this.#texts.has(small) ? small : '';
    for (const prefix of this.#prefixes) if (small.length > prefix.length && small.startsWith(prefix)) shape += `:${prefix}`;
    return shape;
  }
}

function grown<M>(nodes: Map<string, Node<M>>, name: string): Node<M> {
  const known = nodes.get(name) ?? { next: new Map<string, Node<M>>() };
  nodes.set(name, known);
  return known;
}

// Undefined where it cannot be decoded, which the router has words for.
function decoded(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Which cell of an earlier run a cell was: what the comparison of two runs begins with. */

import { diffArrays } from "diff";
import type { RecordedCell } from "../results/records";

/** A cell and what it was before; one of the two is there at least. moved: whether it has passed others on its way. */
export interface Pair {
  before: RecordedCell | null;
  after: RecordedCell | null;
  moved: boolean;
}

/** How alike two sources have to be, 0 to 1, for one to be taken for the other, changed. */
const ALIKE = 0.5;
/** Comparisons of sources with each other: beyond, cells that have no twin count as new and gone. */
const COMPARISONS = 40_000;
const EDITS = 2_000;

/** In the order of the later run; what is gone stands where it stood. */
export function align(before: readonly RecordedCell[], after: readonly RecordedCell[]): Pair[] {
  const partners = new Partners(before, after);
  partners.byId();
  partners.bySource();
  partners.byLikeness();
  return inOrder(before, after, partners.of);
}

class Partners {
  /** Index in the later run → index in the earlier one. */
  readonly of = new Map<number, number>();
  readonly #taken = new Set<number>();
  readonly #before: readonly RecordedCell[];
  readonly #after: readonly RecordedCell[];

  constructor(before: readonly RecordedCell[], after: readonly RecordedCell[]) {
    this.#before = before;
    this.#after = after;
  }

  byId(): void {
    const earlier = uniqueIds(this.#before);
    for (const [id, index] of uniqueIds(this.#after)) {
      const partner = earlier.get(id);
      if (partner !== undefined && this.#before[partner]!.kind === this.#after[index]!.kind) this.#join(partner, index);
    }
  }

  /** Those that are the same, first in their order, then wherever they are. */
  bySource(): void {
    const [before, after] = this.#free();
    const changes = diffArrays(
      before.map((index) => sourceKey(this.#before[index]!)),
      after.map((index) => sourceKey(this.#after[index]!)),
      { maxEditLength: EDITS },
    );
    let [b, a] = [0, 0];
    for (const { added, removed, count } of changes ?? []) {
      if (!added && !removed) for (let n = 0; n < count; n++) this.#join(before[b + n]!, after[a + n]!);
      if (!added) b += count;
      if (!removed) a += count;
    }
    const [left, right] = this.#free();
    const waiting = new Map<string, number[]>();
    for (const index of left) {
      const key = sourceKey(this.#before[index]!);
      waiting.set(key, [...(waiting.get(key) ?? []), index]);
    }
    for (const index of right) {
      const cell = this.#after[index]!;
      const partner = cell.source.trim() ? waiting.get(sourceKey(cell))?.shift() : undefined;
      if (partner !== undefined) this.#join(partner, index);
    }
  }

  /** The most alike first; of those that are as much so, the nearest. */
  byLikeness(): void {
    const [before, after] = this.#free();
    if (before.length * after.length > COMPARISONS) return;
    const words = new Map(before.map((index) => [index, wordsOf(this.#before[index]!.source)]));
    const candidates: { b: number; a: number; likeness: number }[] = [];
    for (const a of after) {
      const own = wordsOf(this.#after[a]!.source);
      for (const b of before) {
        if (this.#before[b]!.kind !== this.#after[a]!.kind) continue;
        const likeness = alike(words.get(b)!, own);
        if (likeness >= ALIKE) candidates.push({ b, a, likeness });
      }
    }
    candidates.sort((one, other) => other.likeness - one.likeness || Math.abs(one.a - one.b) - Math.abs(other.a - other.b));
    for (const { b, a } of candidates) if (!this.#taken.has(b) && !this.of.has(a)) this.#join(b, a);
  }

  #join(before: number, after: number): void {
    this.of.set(after, before);
    this.#taken.add(before);
  }

  #free(): [number[], number[]] {
    return [
      [...this.#before.keys()].filter((index) => !this.#taken.has(index)),
      [...this.#after.keys()].filter((index) => !this.of.has(index)),
    ];
  }
}

function inOrder(before: readonly RecordedCell[], after: readonly RecordedCell[], of: ReadonlyMap<number, number>): Pair[] {
  const stayed = longestRise([...after.keys()].flatMap((index) => of.get(index) ?? []));
  const kept = new Set(of.values());
  const pairs: Pair[] = [];
  let next = 0;
  const gone = (until: number) => {
    for (; next < until; next++) {
      if (!kept.has(next)) pairs.push({ before: before[next]!, after: null, moved: false });
    }
  };
  for (const [index, cell] of after.entries()) {
    const partner = of.get(index);
    const moved = partner !== undefined && !stayed.has(partner);
    if (partner !== undefined && !moved) gone(partner);
    pairs.push({ before: partner === undefined ? null : before[partner]!, after: cell, moved });
  }
  gone(before.length);
  return pairs;
}

/** The longest rising part of the numbers, which are all different: what has kept its order. */
function longestRise(numbers: readonly number[]): Set<number> {
  const ends: number[] = []; // ends[n]: the least number in which a rise of n + 1 numbers ends
  const previous = new Map<number, number | undefined>();
  for (const number of numbers) {
    let at = ends.findIndex((end) => end > number);
    if (at < 0) at = ends.length;
    previous.set(number, ends[at - 1]);
    ends[at] = number;
  }
  const rise = new Set<number>();
  for (let number = ends.at(-1); number !== undefined; number = previous.get(number)) rise.add(number);
  return rise;
}

function uniqueIds(cells: readonly RecordedCell[]): Map<string, number> {
  const indices = new Map<string, number>();
  const repeated = new Set<string>();
  for (const [index, { id }] of cells.entries()) {
    if (indices.has(id)) repeated.add(id);
    indices.set(id, index);
  }
  for (const id of ["", ...repeated]) indices.delete(id);
  return indices;
}

function sourceKey(cell: RecordedCell): string {
  return `${cell.kind}\n${cell.source.trimEnd()}`;
}

/** How often each word is in a text's first ten thousand characters. */
function wordsOf(text: string): Map<string, number> {
  const words = new Map<string, number>();
  for (const [word] of text.slice(0, 10_000).matchAll(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu)) {
    words.set(word, (words.get(word) ?? 0) + 1);
  }
  return words;
}

/** Twice what they share, of all that both have. */
function alike(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  let [shared, all] = [0, 0];
  for (const [word, count] of one) {
    shared += Math.min(count, other.get(word) ?? 0);
    all += count;
  }
  for (const count of other.values()) all += count;
  return all ? (2 * shared) / all : 0;
}

/** Numbers that differ between two texts which are otherwise the same: what most outputs of notebooks change by. */

import type { Line } from "./lines";

/** label: the words before it in its line. share: of the earlier number, 0.02 for two percent more; none for zero. */
export interface ChangedNumber {
  label: string;
  before: number;
  after: number;
  share: number | null;
}

const NUMBER = /(?<![\w.])[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]*\d|\w)/g;
const MOST = 12;
const LONGEST_LABEL = 40;

/** In the order of the lines: of those that were replaced by a line with the same words. */
export function changedNumbers(lines: readonly Line[]): ChangedNumber[] {
  const found: ChangedNumber[] = [];
  for (let at = 0; at < lines.length && found.length < MOST; ) {
    const removed = run(lines, at, "removed");
    const added = run(lines, at + removed.length, "added");
    if (removed.length === added.length) {
      for (const [index, text] of removed.entries()) found.push(...between(text, added[index]!));
    }
    at += removed.length + added.length || 1;
  }
  return found.slice(0, MOST);
}

function between(before: string, after: string): ChangedNumber[] {
  if (before.replace(NUMBER, "0") !== after.replace(NUMBER, "0")) return [];
  const later = [...after.matchAll(NUMBER)];
  return [...before.matchAll(NUMBER)].flatMap((match, index) => {
    const [old, young] = [Number(match[0]), Number(later[index]![0])];
    if (old === young) return [];
    const share = old === 0 ? null : (young - old) / Math.abs(old);
    return [{ label: labelOf(before.slice(0, match.index)), before: old, after: young, share }];
  });
}

/** The last words before a number: `accuracy` of `epoch 3, accuracy: `. */
function labelOf(text: string): string {
  const words = text.match(/[\p{L}_][\p{L}\p{N}_ ²()/%-]*(?=[^\p{L}]*$)/u)?.[0] ?? "";
  return words.trim().slice(-LONGEST_LABEL);
}

function run(lines: readonly Line[], from: number, kind: Line["kind"]): string[] {
  const texts: string[] = [];
  for (let at = from; lines[at]?.kind === kind; at++) texts.push(lines[at]!.pieces.map(({ text }) => text).join(""));
  return texts;
}

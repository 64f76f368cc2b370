/** Two texts line by line, with the words that differ marked. */

import { diffArrays } from "diff";

export interface Piece {
  text: string;
  marked: boolean;
}

export interface Line {
  kind: "same" | "removed" | "added";
  pieces: Piece[];
}

/** Lines that are left out: unchanged ones, or those beyond the bound. */
export interface Gap {
  kind: "gap";
  count: number;
  changed: boolean;
}

const CONTEXT = 3;
const LONGEST = 400; // lines shown of one text
const EDITS = 1_000; // more, and the texts have nothing to do with each other
const LONGEST_LINE = 2_000; // characters in which words are looked for
const WORDS = /\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[\p{L}\p{N}_]+|\s+|[^]/gu;

/** All lines of both. */
export function lines(before: string, after: string): Line[] {
  const [old, young] = [linesOf(before), linesOf(after)];
  const changes = diffArrays(old, young, { maxEditLength: EDITS });
  if (!changes) return [...old.map((text) => plain("removed", text)), ...young.map((text) => plain("added", text))];
  const result: Line[] = [];
  for (let at = 0; at < changes.length; at++) {
    const { added, removed, value } = changes[at]!;
    const next = changes[at + 1];
    if (removed && next?.added) {
      result.push(...replaced(value, next.value));
      at++;
    } else {
      result.push(...value.map((text) => plain(added ? "added" : removed ? "removed" : "same", text)));
    }
  }
  return result;
}

/** The same with only so much of what is unchanged as it takes to know where one is. */
export function folded(all: readonly Line[]): (Line | Gap)[] {
  const near = all.map((_, index) => all.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(isChange));
  const result: (Line | Gap)[] = [];
  let hidden: Line[] = [];
  const close = () => {
    const [only] = hidden;
    if (only && hidden.length === 1) result.push(only); // to say that it is left out would take a line, too
    else if (only) result.push({ kind: "gap", count: hidden.length, changed: hidden.some(isChange) });
    hidden = [];
  };
  for (const [index, line] of all.entries()) {
    if (near[index] && result.length < LONGEST) {
      close();
      result.push(line);
    } else {
      hidden.push(line);
    }
  }
  close();
  return result;
}

/** Lines in the place of others: each with the one that it replaces, where there are as many. */
function replaced(old: readonly string[], young: readonly string[]): Line[] {
  if (old.length !== young.length) {
    return [...old.map((text) => plain("removed", text)), ...young.map((text) => plain("added", text))];
  }
  const pairs = old.map((text, index) => marked(text, young[index]!));
  return [...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)];
}

function marked(before: string, after: string): [Line, Line] {
  const longest = Math.max(before.length, after.length);
  const words = longest <= LONGEST_LINE ? diffArrays(before.match(WORDS) ?? [], after.match(WORDS) ?? []) : [];
  const same = words.reduce((sum, { added, removed, value }) => sum + (added || removed ? 0 : value.join("").trim().length), 0);
  if (same * 3 < longest) return [plain("removed", before), plain("added", after)];
  const pieces = (other: "added" | "removed") =>
    words.filter((word) => !word[other]).map((word) => ({ text: word.value.join(""), marked: word.added || word.removed }));
  return [
    { kind: "removed", pieces: pieces("added") },
    { kind: "added", pieces: pieces("removed") },
  ];
}

function plain(kind: Line["kind"], text: string): Line {
  return { kind, pieces: [{ text, marked: false }] };
}

function isChange(line: Line): boolean {
  return line.kind !== "same";
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

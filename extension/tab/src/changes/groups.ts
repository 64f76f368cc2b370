/** Changes as they are listed: each by itself, and what did not change in one line. */

import { count } from "../wording";
import type { CellChange, ChangeKind } from "./comparison";

/** words: for cells that are folded into one line; empty for one that is shown. */
export interface Group {
  words: string;
  changes: CellChange[];
}

const FOLDED: Partial<Record<ChangeKind, string>> = { same: "unchanged", notExecuted: "not executed this time" };

export function groups(changes: readonly CellChange[]): Group[] {
  const result: Group[] = [];
  for (const change of changes) {
    const last = result.at(-1);
    if (change.kind in FOLDED && last?.changes[0]?.kind === change.kind) last.changes.push(change);
    else result.push({ words: "", changes: [change] });
  }
  for (const group of result) {
    const folded = FOLDED[group.changes[0]!.kind];
    if (folded) group.words = `${count(group.changes.length, "cell")} ${folded}`;
  }
  return result;
}

/** `2 cells changed, 1 new, 12 unchanged.` */
export function summary(changes: readonly CellChange[]): string {
  const words: [ChangeKind, string][] = [
    ["changed", "changed"],
    ["added", "new"],
    ["removed", "gone"],
    ["notExecuted", "not executed this time"],
    ["same", "unchanged"],
  ];
  const parts = words.flatMap(([kind, said]) => {
    const number = changes.filter((change) => change.kind === kind).length;
    return number ? [[number, said] as const] : [];
  });
  if (parts.length === 0) return "There are no cells.";
  const differs = parts.some(([, said]) => said !== "unchanged");
  if (!differs) return `All ${count(changes.length, "cell")} are as they were.`;
  return `${parts.map(([number, said], index) => `${index ? number : count(number, "cell")} ${said}`).join(", ")}.`;
}

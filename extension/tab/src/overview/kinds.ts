/** The few kinds of rows that a reader looks for. */

import type { Row } from "../results/model";
import type { TabResult } from "../results/records";
import { outcomeWords } from "../wording";

/** stopped: cancelled, never begun, or begun in a step that ended without saying how it went. */
export type Kind = "failed" | "stopped" | "running" | "passed" | "waiting";

/** In the order in which they matter. */
export const KINDS: readonly Kind[] = ["failed", "stopped", "running", "passed", "waiting"];

export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  failed: "Failed",
  stopped: "Not finished",
  running: "Running",
  passed: "Passed",
  waiting: "Waiting",
};

export function kindOf(row: Row): Kind {
  const { outcome, ok, state } = row.result;
  if (outcome === null) {
    if (gone(row)) return "stopped";
    return state === "planned" ? "waiting" : "running";
  }
  if (ok) return "passed";
  return outcome === "cancelled" || outcome === "notRun" ? "stopped" : "failed";
}

/** `Failed`, `Passed (reused)`, `Running`, … */
export function wordsOf(row: Row): string {
  return row.result.outcome === null && gone(row) ? "Did not finish" : outcomeWords(row.result);
}

/** How many rows there are of each kind; none of the kinds that there are no rows of. */
export function countKinds(rows: readonly Row[]): Map<Kind, number> {
  const counts = new Map<Kind, number>();
  for (const row of rows) counts.set(kindOf(row), (counts.get(kindOf(row)) ?? 0) + 1);
  return new Map(KINDS.flatMap((kind) => (counts.has(kind) ? [[kind, counts.get(kind)!] as const] : [])));
}

/** The folder, with its slash at the end, and the name. */
export function pathOf(result: TabResult): { folder: string; name: string } {
  const slash = result.notebook.lastIndexOf("/") + 1;
  return { folder: result.notebook.slice(0, slash), name: result.notebook.slice(slash) };
}

function gone({ step }: Row): boolean {
  return step.abandoned || step.records.finishedAt !== null;
}

/** How a result stands against what the same notebook did before: what is new, what goes on, what is over. */

import type { Row } from "../results/model";
import type { TabFailure } from "../results/records";

/** worse: it passed the last time. better: it did not. same: it goes on failing. */
export interface Standing {
  kind: "worse" | "better" | "same";
  words: string;
}

/** earlier: the newest first. Nothing is said of what passes as it did, nor of a notebook without earlier results. */
export function standing(row: Row, earlier: readonly Row[]): Standing | null {
  const before = earlier.filter(settled);
  const last = before[0];
  if (!last || !settled(row)) return null;
  if (row.result.ok) return last.result.ok ? null : { kind: "better", words: `Fixed: failed in ${last.step.run.name}` };
  if (last.result.ok) return { kind: "worse", words: `New: passed in ${last.step.run.name}` };
  const passing = before.findIndex((other) => other.result.ok);
  const failing = passing < 0 ? before : before.slice(0, passing);
  const since = `Failing since ${failing.at(-1)!.step.run.name}`;
  const always = `Failed in ${failing.length > 1 ? `the last ${failing.length} builds` : last.step.run.name}, too`;
  const words = passing < 0 ? always : since;
  return { kind: "same", words: words + otherError(row.result.failure, last) };
}

/** Durations, the oldest first, in seconds: of those runs that went through, as one that fails ends early. */
export function durations(earlier: readonly Row[]): number[] {
  return earlier.filter((row) => row.result.ok && !row.result.reusedFrom).map((row) => row.result.duration).reverse();
}

/** Whether it ran to an end that says something about the notebook. */
export function settled(row: Row): boolean {
  const { outcome } = row.result;
  return outcome !== null && outcome !== "cancelled" && outcome !== "notRun";
}

function otherError(failure: TabFailure | null, last: Row): string {
  const before = last.result.failure;
  if (!failure || !before || failure.errorName === before.errorName) return "";
  return `, last time by another error: ${before.errorName}`;
}

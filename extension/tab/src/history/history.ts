/** Reads what the same notebooks did in earlier runs of the pipeline, on the branch that this run is measured against. */

import type { History, Results } from "../results/model";
import { readResults } from "../results/reading";
import type { Run, Source } from "../source";
import { rowsByIdentity } from "./matching";
import { visible } from "./visible";

const RUNS = 10;
const AT_ONCE = 2; // it is not what the reader came for: the page's own requests come first

/**
 * What the same notebooks did in earlier runs, more of it with each step. Rejects with a SourceError.
 *
 * Measured against the branch that a pull request goes to, or the run's own; where that has no results yet, against
 * the repository's default branch. Reads nothing while the page is hidden.
 */
export async function* loadHistory(source: Source, results: Results): AsyncIterable<History> {
  const target = results.notebooks.map((step) => step.context.targetBranch).find(Boolean);
  const branch = target || results.run.branch;
  const own = yield* historyOn(branch, source, results);
  if (own.rows.size) return yield own;
  const fallback = await source.defaultBranch();
  if (!fallback || fallback === branch) return yield own;
  yield yield* historyOn(fallback, source, results);
}

/** Yields parts, returns the whole. */
async function* historyOn(branch: string, source: Source, results: Results): AsyncGenerator<History, History> {
  const runs = await source.earlier(branch, results.run, RUNS);
  const read: Results[] = [];
  for (const batch of batches(runs)) {
    await visible();
    read.push(...(await Promise.all(batch.map((run) => readResults(source, run)))));
    if (read.length < runs.length) yield history(branch, results, read, false);
  }
  return history(branch, results, read, true);
}

function history(branch: string, results: Results, earlier: readonly Results[], complete: boolean): History {
  const rows = rowsByIdentity(results.rows, earlier);
  const green = new Map(
    [...rows].flatMap(([identity, found]) => {
      const passed = found.find((row) => row.result.ok && row.result.outcome !== null);
      return passed ? [[identity, passed] as const] : [];
    }),
  );
  return { branch, rows, green, complete };
}

function batches(runs: readonly Run[]): Run[][] {
  const count = Math.ceil(runs.length / AT_ONCE);
  return Array.from({ length: count }, (_, index) => runs.slice(index * AT_ONCE, (index + 1) * AT_ONCE));
}

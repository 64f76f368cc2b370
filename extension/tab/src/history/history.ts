import type { Source } from "../source";
import type { History, Results } from "../results/model";

/** What the same notebooks did in earlier runs, more of it with each step. Rejects with a SourceError. */
export async function* loadHistory(_source: Source, results: Results): AsyncIterable<History> {
  yield { branch: results.run.branch, rows: new Map(), green: new Map(), complete: true };
}

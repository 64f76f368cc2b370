/** With which branch's runs this one is compared. */

import type { Results } from "../results/model";

/** The first is asked first, the next where it has no results. defaultBranch: the repository's, empty where unknown. */
export function branchesToCompare(results: Results, defaultBranch: string): string[] {
  const target = results.notebooks.map((step) => step.context.targetBranch).find(Boolean);
  return [...new Set([target || results.run.branch, defaultBranch])].filter(Boolean);
}

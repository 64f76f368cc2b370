/** Which rows of earlier runs are about the same notebook. */

import type { Results, Row } from "../results/model";

/**
 * By identity: the rows of `earlier`, in its order; those of superseded attempts left out.
 *
 * Where a run has no row of that identity, its stages or jobs may have been called otherwise: then it is the one row of
 * the same notebook and set, unless that one is a row of another step that still exists.
 */
export function rowsByIdentity(current: readonly Row[], earlier: readonly Results[]): Map<string, Row[]> {
  const known = new Set(current.map((row) => row.identity));
  const found = new Map<string, Row[]>();
  const add = (identity: string, row: Row) => found.set(identity, [...(found.get(identity) ?? []), row]);
  for (const { rows } of earlier) {
    const last = new Map(rows.filter((row) => !row.step.superseded).map((row) => [row.identity, row]));
    last.forEach((row, identity) => add(identity, row));
    const renamed = onlyOnes([...last.values()].filter((row) => !known.has(row.identity)));
    for (const [identity, row] of new Map(current.map((row) => [row.identity, row]))) {
      const before = renamed.get(nameOf(row));
      if (before && !last.has(identity)) add(identity, before);
    }
  }
  return found;
}

/** By name, without those that share theirs. */
function onlyOnes(rows: readonly Row[]): Map<string, Row> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(nameOf(row), (counts.get(nameOf(row)) ?? 0) + 1);
  return new Map(rows.filter((row) => counts.get(nameOf(row)) === 1).map((row) => [nameOf(row), row]));
}

function nameOf({ result }: Row): string {
  return `${result.notebook}\n${result.parameterSet}`;
}

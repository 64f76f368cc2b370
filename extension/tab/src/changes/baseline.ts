/** With which earlier run a notebook is compared. */

import type { History, Row } from "../results/model";
import { branchName, outcomeWords } from "../wording";

/** Those to choose from, the newest first; the last one that was as expected is the one to begin with. */
export interface Baselines {
  rows: readonly Row[];
  proposed: Row | null;
  /** What is to be said where there is none to begin with. */
  sentence: string;
}

export function baselines(row: Row, history: History | null): Baselines {
  const rows = (history?.rows.get(row.identity) ?? []).filter((other) => other.result.state === "finished");
  const green = history?.green.get(row.identity) ?? null;
  const all = green && !rows.includes(green) ? [...rows, green] : rows;
  return { rows: all, proposed: green, sentence: green ? "" : sentence(history, all.length > 0) };
}

/** `20261121.3 on main: passed`. */
export function baselineWords(row: Row): string {
  const { name, branch } = row.step.run;
  const outcome = outcomeWords(row.result).toLowerCase();
  return `${name}${branch ? ` on ${branchName(branch)}` : ""}: ${outcome}`;
}

function sentence(history: History | null, others: boolean): string {
  if (!history?.complete) return "Looking for earlier runs…";
  const where = history.branch ? ` on ${branchName(history.branch)}` : "";
  const choose = others ? " Choose a run to compare it with." : "";
  return `This notebook has not yet passed${where}.${choose}`;
}

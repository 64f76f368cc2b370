/** What a cell is called. */

import type { RecordedCell } from "../results/records";

const LONGEST = 80;

/** `[3] model.fit(x, y)`: its number, then its heading or its first line. */
export function titleOf(cell: RecordedCell): string {
  const first = cell.source.split("\n", 20).find((line) => line.trim()) ?? "";
  const words = (cell.kind === "markdown" && cell.heading ? cell.heading : first).replace(/^[#\s]+/, "").trim();
  const short = words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words;
  const empty = cell.kind === "code" ? "an empty cell" : "text";
  return [cell.number, short || empty].filter(Boolean).join(" ");
}

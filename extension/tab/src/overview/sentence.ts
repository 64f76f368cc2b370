/** What became of the run, in one sentence. */

import { count } from "../wording";
import type { Kind } from "./kinds";

/** counts: of the last attempts' rows alone. */
export function sentence(counts: ReadonlyMap<Kind, number>, running: boolean): string {
  const of = (kind: Kind) => counts.get(kind) ?? 0;
  const total = [...counts.values()].reduce((sum, number) => sum + number, 0);
  const [failed, stopped] = [of("failed"), of("stopped")];
  const open = of("running") + of("waiting");
  if (running && open) {
    const done = `${total - open} of ${count(total, "notebook")} done`;
    return failed ? `${done}, ${failed} failed` : done;
  }
  const unfinished = stopped ? `${stopped} did not finish` : "";
  if (failed) return joined(total === 1 ? "The notebook failed" : `${failed} of ${count(total, "notebook")} failed`, unfinished);
  if (stopped) return total === 1 ? "The notebook did not finish" : `${stopped} of ${count(total, "notebook")} did not finish`;
  return total === 1 ? "The notebook passed" : `All ${count(total, "notebook")} passed`;
}

function joined(first: string, second: string): string {
  return second ? `${first}, ${second}` : first;
}

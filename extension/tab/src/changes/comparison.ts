/** What is different between two runs of a notebook, cell by cell. */

import { diffArrays } from "diff";
import type { RecordedCell, RecordedOutput } from "../results/records";
import { align, type Pair } from "./alignment";

export type ChangeKind = "same" | "changed" | "added" | "removed" | "notExecuted";

export interface CellChange extends Pair {
  kind: ChangeKind;
  sourceChanged: boolean;
  /** Those that differ. */
  outputs: OutputPair[];
  outcomeChanged: boolean;
  /** Seconds in both runs, where a person would notice the difference. */
  durations: { before: number; after: number } | null;
}

/** An output and what it was before; one of the two is there at least. */
export interface OutputPair {
  before: RecordedOutput | null;
  after: RecordedOutput | null;
}

const NOTICED_SECONDS = 2;
const NOTICED_FACTOR = 1.5;

/** In the order of the later run, cells that are the same among them. */
export function compare(before: readonly RecordedCell[], after: readonly RecordedCell[]): CellChange[] {
  return align(before, after).map(cellChange);
}

/** Whether they hold the same, as far as is known: a digest is of the whole, also of what the record has not. */
export function sameOutput(one: RecordedOutput, other: RecordedOutput): boolean {
  return outputKey(one) === outputKey(other);
}

function cellChange(pair: Pair): CellChange {
  const { before, after } = pair;
  if (!before || !after) {
    const outputs = (before ?? after)!.outputs.map((output) => (before ? { before: output, after: null } : { before: null, after: output }));
    const kind = before ? "removed" : "added";
    return { ...pair, kind, sourceChanged: false, outputs, outcomeChanged: false, durations: null };
  }
  const sourceChanged = before.source.trimEnd() !== after.source.trimEnd() || before.cut !== after.cut;
  if (!sourceChanged && !isExecuted(after) && isExecuted(before)) {
    return { ...pair, kind: "notExecuted", sourceChanged, outputs: [], outcomeChanged: true, durations: null };
  }
  const outputs = changedOutputs(before.outputs, after.outputs);
  const outcomeChanged = before.outcome !== after.outcome;
  const durations = noticed(before.duration, after.duration);
  const changed = sourceChanged || outputs.length > 0 || outcomeChanged || durations !== null || pair.moved;
  return { ...pair, kind: changed ? "changed" : "same", sourceChanged, outputs, outcomeChanged, durations };
}

/** Equal ones find each other first; in between, each goes with the next one of its kind. */
function changedOutputs(before: readonly RecordedOutput[], after: readonly RecordedOutput[]): OutputPair[] {
  const changes = diffArrays([...before], [...after], { comparator: sameOutput });
  const pairs: OutputPair[] = [];
  for (let at = 0; at < changes.length; at++) {
    const { added, removed, value } = changes[at]!;
    if (!added && !removed) continue;
    const next = changes[at + 1];
    if (removed && next?.added) {
      pairs.push(...replaced(value, next.value));
      at++;
    } else {
      pairs.push(...value.map((output) => (removed ? { before: output, after: null } : { before: null, after: output })));
    }
  }
  return pairs;
}

function replaced(before: readonly RecordedOutput[], after: readonly RecordedOutput[]): OutputPair[] {
  const left = [...after];
  const pairs = before.map((output): OutputPair => {
    const at = left.findIndex((other) => other.kind === output.kind && other.name === output.name);
    return { before: output, after: at < 0 ? null : left.splice(at, 1)[0]! };
  });
  return [...pairs, ...left.map((output) => ({ before: null, after: output }))];
}

function outputKey(output: RecordedOutput): string {
  const content = output.digest || `${output.text}\n${output.cut}\n${output.image}`;
  return `${output.kind}\n${output.name}\n${output.mime}\n${content}`;
}

function noticed(before: number | null, after: number | null): CellChange["durations"] {
  if (before === null || after === null || Math.abs(after - before) < NOTICED_SECONDS) return null;
  const factor = Math.max(before, after) / Math.min(before, after);
  return factor >= NOTICED_FACTOR ? { before, after } : null;
}

function isExecuted(cell: RecordedCell): boolean {
  return cell.kind !== "code" || (cell.outcome !== "notExecuted" && cell.outcome !== "skipped");
}

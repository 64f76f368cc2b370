/** What a notebook did in earlier runs, small: its outcomes and its durations, the oldest first. */

import type { JSX } from "preact";
import { durations, settled, standing } from "../history/standing";
import type { Row } from "../results/model";
import { count, durationWords } from "../wording";
import { type Kind, kindOf, wordsOf } from "./kinds";
import { durationsWords, sparkline } from "./sparkline";

const WIDTH = 88;
const HEIGHT = 24;
const DOT = 10;
const FEWEST = 3; // durations that make a line worth looking at

interface PastProps {
  row: Row;
  /** The newest first. */
  earlier: readonly Row[];
}

/** A dot for what passed, a square for what failed, a ring for what says nothing of the notebook. */
export function Outcomes({ earlier }: { earlier: readonly Row[] }): JSX.Element | null {
  if (!earlier.length) return null;
  const marks = [...earlier].reverse().map(kindOf);
  const others = earlier.filter((row) => !row.result.ok).map((row) => `${wordsOf(row)} in ${row.step.run.name}`);
  const passed = `Passed in ${earlier.length - others.length} of the last ${count(earlier.length, "build")}`;
  return (
    <svg class="dots" width={earlier.length * DOT} height={DOT} role="img" aria-label={passed}>
      <title>{[passed, ...others].join("\n")}</title>
      {[...new Set(marks)].map((kind) => (
        <path key={kind} class={kind} d={marks.map((mark, index) => (mark === kind ? shape(kind, index) : "")).join("")} />
      ))}
    </svg>
  );
}

export function Compared({ row, earlier }: PastProps): JSX.Element | null {
  const found = standing(row, earlier);
  return found && <span class={`standing ${found.kind}`}>{found.words}</span>;
}

/** Its own duration, and a line of those before it where there are any. */
export function Durations({ row, earlier }: PastProps): JSX.Element | null {
  if (row.result.outcome === null) return null;
  const before = durations(earlier);
  const own = settled(row) && !row.result.reusedFrom ? [row.result.duration] : [];
  const values = [...before, ...own];
  return (
    <>
      <span class="duration">{durationWords(row.result.duration)}</span>
      {values.length >= FEWEST && <Line values={values} words={durationsWords(before)} />}
    </>
  );
}

function Line({ values, words }: { values: readonly number[]; words: string }): JSX.Element {
  const { path, end } = sparkline(values, WIDTH, HEIGHT);
  return (
    <svg class="sparkline" width={WIDTH} height={HEIGHT} role="img" aria-label={words}>
      <title>{words}</title>
      <path d={path} />
      <circle cx={end.x} cy={end.y} r="2.5" />
    </svg>
  );
}

/** Few elements for many marks: there are thousands of them on a page. */
function shape(kind: Kind, index: number): string {
  const left = index * DOT;
  return kind === "failed" ? `M${left + 1} 1h8v8h-8z` : `M${left + 2} 5a3 3 0 1 1 6 0a3 3 0 1 1 -6 0`;
}

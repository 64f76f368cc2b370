/** What a notebook did in earlier runs, small: its outcomes and its durations, the oldest first. */

import type { JSX } from "preact";
import { durations, settled, standing } from "../history/standing";
import type { Row } from "../results/model";
import { count, durationWords } from "../wording";
import { kindOf, wordsOf } from "./kinds";
import { durationsWords, sparkline } from "./sparkline";

const WIDTH = 88;
const HEIGHT = 24;
const DOT = 10;

interface PastProps {
  row: Row;
  /** The newest first. */
  earlier: readonly Row[];
}

/** A dot for what passed, a square for what failed, a ring for what says nothing of the notebook. */
export function Outcomes({ earlier }: { earlier: readonly Row[] }): JSX.Element | null {
  if (!earlier.length) return null;
  const passed = earlier.filter((row) => row.result.ok).length;
  const words = `Passed in ${passed} of the last ${count(earlier.length, "build")}`;
  return (
    <svg class="dots" width={earlier.length * DOT} height={DOT} role="img" aria-label={words}>
      {[...earlier].reverse().map((row, index) => (
        <g key={row.step.run.id} class={kindOf(row)} transform={`translate(${index * DOT} 0)`}>
          <title>{`${row.step.run.name}: ${wordsOf(row)}`}</title>
          {kindOf(row) === "failed" ? <rect x="1" y="1" width="8" height="8" /> : <circle cx="5" cy="5" r="3" />}
        </g>
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
      {before.length > 0 && values.length > 1 && <Line values={values} words={durationsWords(before)} />}
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

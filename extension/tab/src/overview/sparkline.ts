/** Durations of the same notebook in one build after the other, as a line. */

import { durationWords } from "../wording";

export interface Sparkline {
  /** An SVG path within `width` × `height`. */
  path: string;
  /** Where the last point is. */
  end: { x: number; y: number };
}

const MARGIN = 3;

/** values: seconds, the oldest first, two at least. The lowest value lies at zero, so that small noise looks small. */
export function sparkline(values: readonly number[], width: number, height: number): Sparkline {
  const top = Math.max(...values) || 1;
  const step = (width - 2 * MARGIN) / (values.length - 1);
  const points = values.map((value, index) => ({
    x: round(MARGIN + index * step),
    y: round(height - MARGIN - (value / top) * (height - 2 * MARGIN)),
  }));
  return { path: points.map(({ x, y }, index) => `${index ? "L" : "M"}${x} ${y}`).join(""), end: points.at(-1)! };
}

/** `41.0 s to 55.0 s in the last 9 builds in which it passed`. */
export function durationsWords(earlier: readonly number[]): string {
  const [low, high] = [durationWords(Math.min(...earlier)), durationWords(Math.max(...earlier))];
  if (earlier.length === 1) return `${low} in the last build in which it passed`;
  return `${low === high ? low : `${low} to ${high}`} in the last ${earlier.length} builds in which it passed`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

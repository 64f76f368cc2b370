/** A rollout as a picture: whose share of the requests was how large, and when. */

import type { RolloutMove } from "../results/records";

/** A time during which nothing changed. left, width: 0 to 1 of the whole. shares: in percent, in the deployments' order. */
export interface Span {
  left: number;
  width: number;
  shares: number[];
}

/** A move at its place. */
export interface Mark {
  left: number;
  move: RolloutMove;
}

export interface Picture {
  deployments: string[];
  spans: Span[];
  marks: Mark[];
}

/** Shorter spans would not be seen beside those of half an hour. */
const LEAST = 0.04;

/** moves: at least one. */
export function pictureOf(moves: readonly RolloutMove[]): Picture {
  const deployments = deploymentsOf(moves);
  const ends = moves.map(({ at }) => Date.parse(at));
  const lengths = moves.map((move, index) => {
    const begin = index ? ends[index - 1]! : ends[0]! - move.duration * 1000;
    return Math.max(0, ends[index]! - begin);
  });
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  const sizes = lengths.map((length) => Math.max(LEAST, whole ? length / whole : 1));
  sizes.push(2 * LEAST); // how it stood in the end
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const spans: Span[] = [];
  const marks: Mark[] = [];
  let left = 0;
  sizes.forEach((size, index) => {
    const width = size / total;
    const standing = moves[Math.max(0, index - 1)]!;
    spans.push({ left, width, shares: deployments.map((name) => standing.traffic[name] ?? 0) });
    left += width;
    const move = moves[index];
    if (move) marks.push({ left, move });
  });
  return { deployments, spans, marks };
}

/** In the order in which they come to have requests. */
export function deploymentsOf(moves: readonly RolloutMove[]): string[] {
  return [...new Set(moves.flatMap(({ traffic }) => Object.keys(traffic)))];
}

/** Whether any request has come to be answered by another deployment than before. */
export function hasShifted(moves: readonly RolloutMove[]): boolean {
  return new Set(moves.map(({ traffic }) => JSON.stringify(Object.entries(traffic).sort()))).size > 1;
}

const COLOURS = ["blue", "green", "orange", "violet"] as const;

/** A colour for each deployment: its own where it is called so, as most are. */
export function coloursOf(deployments: readonly string[]): Map<string, string> {
  const free = COLOURS.filter((colour) => !deployments.includes(colour));
  return new Map(
    deployments.map((name) => [name, COLOURS.find((colour) => colour === name) ?? free.shift() ?? "grey"]),
  );
}

/** What a notebook recorded, against what it recorded the last time that it passed. */

import type { TabResult } from "../results/records";
import { numberWords } from "../wording";

type Value = TabResult["scraps"][string];

/** One of a notebook's scraps. direction: of a number against the baseline's; none where there is nothing to compare. */
export interface Metric {
  name: string;
  value: string;
  direction: "up" | "down" | "same" | "other" | "none";
  /** `0.012 (1.5 %)`, or `was linear`; without a sign, which the direction gives. */
  difference: string;
}

/** Relative to the larger one: less is the noise of floating point. */
const NOISE = 1e-9;

/** In the notebook's order. baseline: none where the notebook has not passed before. */
export function metrics(scraps: TabResult["scraps"], baseline: TabResult["scraps"] | undefined): Metric[] {
  return Object.entries(scraps).map(([name, value]) => {
    const before = baseline && Object.hasOwn(baseline, name) ? baseline[name] : undefined;
    return { name, value: valueWords(value), ...change(value, before) };
  });
}

/** Those that have changed come first, for places where not all can be shown. */
export function changedFirst(all: readonly Metric[]): Metric[] {
  const changed = (metric: Metric) => metric.direction !== "same" && metric.direction !== "none";
  return [...all.filter(changed), ...all.filter((metric) => !changed(metric))];
}

function change(value: Value, before: Value | undefined): Pick<Metric, "direction" | "difference"> {
  if (before === undefined) return { direction: "none", difference: "" };
  if (typeof value !== "number" || typeof before !== "number") {
    return value === before
      ? { direction: "same", difference: "" }
      : { direction: "other", difference: `was ${valueWords(before)}` };
  }
  const difference = value - before;
  if (Math.abs(difference) <= NOISE * Math.max(Math.abs(value), Math.abs(before))) {
    return { direction: "same", difference: "" };
  }
  const share = before === 0 ? "" : ` (${percent(Math.abs(difference / before))})`;
  return { direction: difference > 0 ? "up" : "down", difference: amount(Math.abs(difference)) + share };
}

/** Two digits that count are enough to see how much it is. */
function amount(difference: number): string {
  return numberWords(difference < 100 ? Number(difference.toPrecision(2)) : difference);
}

function percent(share: number): string {
  const size = share * 100;
  if (size < 0.01) return "<\u00a00.01\u00a0%";
  return `${size.toLocaleString("en", { maximumSignificantDigits: size < 10 ? 2 : 3 })}\u00a0%`;
}

function valueWords(value: Value): string {
  if (typeof value === "number") return numberWords(value);
  return typeof value === "boolean" ? (value ? "true" : "false") : value;
}

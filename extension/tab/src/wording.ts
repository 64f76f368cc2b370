/** How outcomes, times and numbers are said to people; as the log, the summary and the notebook's page say them. */

import type { CellOutcome, Outcome, TabResult } from "./results/records";

export const OUTCOMES: Readonly<Record<Outcome, string>> = {
  passed: "Passed",
  failed: "Failed",
  timedOut: "Timed out",
  kernelDied: "Kernel died",
  kernelMissing: "No kernel",
  invalid: "Invalid",
  cancelled: "Cancelled",
  notRun: "Not run",
};

export const CELL_OUTCOMES: Readonly<Record<CellOutcome, string>> = {
  passed: "passed",
  failed: "failed",
  expectedError: "error as expected",
  endedEarly: "ended the notebook",
  timedOut: "timed out",
  kernelDied: "kernel died",
  cancelled: "cancelled",
  skipped: "skipped",
  notExecuted: "not executed",
};

/** `Failed`, or `Failed, as expected`, or `Passed, but expected: failed`, or `Passed (reused)`. */
export function outcomeWords(result: TabResult): string {
  if (result.outcome === null) return result.state === "planned" ? "Waiting" : "Running";
  const words = OUTCOMES[result.outcome] + (result.reusedFrom ? " (reused)" : "");
  if (result.expectedOutcome === "passed") return words;
  return result.ok ? `${words}, as expected` : `${words}, but expected: ${OUTCOMES[result.expectedOutcome].toLowerCase()}`;
}

/** `0.42 s`, `12.3 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationWords(seconds: number): string {
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const parts =
    minutes < 60
      ? [`${minutes} min`, whole % 60 ? `${whole % 60} s` : ""]
      : [`${Math.floor(minutes / 60)} h`, minutes % 60 ? `${minutes % 60} min` : ""];
  return parts.filter(Boolean).join(" ");
}

/** `1 notebook`, `1,234 notebooks`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** Four digits that count, more where they stand before the point: `0.8123`, `12,345.7`, `1.2e-7`. */
export function numberWords(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return value.toLocaleString("en");
  if (size >= 1e9 || size < 1e-4) return value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e");
  return value.toLocaleString("en", size < 1000 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 1 });
}

/** A branch as people call it: `main` for `refs/heads/main`. */
export function branchName(branch: string): string {
  return branch.replace(/^refs\/heads\//, "");
}

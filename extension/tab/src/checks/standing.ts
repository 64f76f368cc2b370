/** How far a step with checks has come, and how well. */

import type { Kind } from "../overview/kinds";
import type { Step } from "../results/model";
import type { CheckOutcome, TabCheck, TabChecks } from "../results/records";

export const CHECK_OUTCOMES: Readonly<Record<CheckOutcome, string>> = {
  passed: "passed",
  failed: "failed",
  unknown: "not passed",
  notRun: "not run",
};

const KINDS: Readonly<Record<CheckOutcome, Kind>> = {
  passed: "passed",
  failed: "failed",
  unknown: "stopped",
  notRun: "waiting",
};

export interface Standing {
  kind: Kind;
  word: string;
  /** What has come of it, or what it does now. */
  sentence: string;
}

export function standingOf({ records, abandoned }: Step<TabChecks>): Standing {
  const { checks, verdict, current } = records;
  if (records.finishedAt === null) {
    return abandoned
      ? { kind: "stopped", word: "Did not finish", sentence: current && `The last that is known of it: ${current}` }
      : { kind: "running", word: "Running", sentence: current };
  }
  if (records.cancelled) return { kind: "stopped", word: "Cancelled", sentence: verdict };
  if (checks.some(({ outcome }) => outcome === "failed")) return { kind: "failed", word: "Failed", sentence: verdict };
  if (checks.some(({ outcome }) => outcome === "unknown")) return { kind: "stopped", word: "Held back", sentence: verdict };
  return { kind: "passed", word: "Passed", sentence: verdict };
}

export function kindOfCheck(outcome: CheckOutcome): Kind {
  return KINDS[outcome];
}

export interface Group {
  name: string;
  checks: TabCheck[];
  /** Whether there is something to see in it that is not as it should be. */
  bad: boolean;
  /** `3 of 5 passed`. */
  said: string;
}

/** Checks by what they belong to, in the order of the first of each. */
export function groupsOf(checks: readonly TabCheck[]): Group[] {
  const found = new Map<string, TabCheck[]>();
  for (const check of checks) found.set(check.group, [...(found.get(check.group) ?? []), check]);
  return [...found].map(([name, all]) => {
    const passed = all.filter(({ outcome }) => outcome === "passed").length;
    const bad = all.some(({ outcome }) => outcome === "failed" || outcome === "unknown");
    return { name: name || "Checks", checks: all, bad, said: `${passed} of ${all.length} passed` };
  });
}

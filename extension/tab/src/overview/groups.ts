/** Rows by the step that they come from; steps of earlier attempts apart. */

import type { Row, Step } from "../results/model";
import type { TabContext, TabIndex } from "../results/records";
import { kindOf } from "./kinds";

export interface Group {
  step: Step<TabIndex>;
  /** `Build › linux › attempt 2`; empty where there is only one step. */
  name: string;
  rows: Row[];
}

/**
 * rows: in the order in which they are to be shown. Steps without rows are groups, too: what went wrong is theirs.
 *
 * Earlier attempts come last; with failedFirst, steps with failures come before those without.
 */
export function grouped(steps: readonly Step<TabIndex>[], rows: readonly Row[], failedFirst: boolean): Group[] {
  const byStep = new Map<Step<TabIndex>, Row[]>(steps.map((step) => [step, []]));
  for (const row of rows) byStep.get(row.step)?.push(row);
  const names = stepNames(steps);
  const groups = steps.map((step, index) => ({ step, name: names[index] ?? "", rows: byStep.get(step) ?? [] }));
  return groups.sort((one, other) => rank(one, failedFirst) - rank(other, failedFirst));
}

function rank({ step, rows }: Group, failedFirst: boolean): number {
  if (step.superseded) return 2;
  return failedFirst && !rows.some((row) => kindOf(row) === "failed") ? 1 : 0;
}

const PARTS: readonly ((context: TabContext) => string)[] = [
  (context) => context.stage,
  (context) => context.job,
  (context) => context.step,
];

/** Only what tells them apart; the attempt where a step was tried again. */
function stepNames(steps: readonly Step<TabIndex>[]): string[] {
  if (steps.length < 2) return steps.map(() => "");
  const telling = PARTS.filter((part) => new Set(steps.map((step) => part(step.context))).size > 1);
  const again = new Set(steps.filter((step) => step.superseded).map((step) => step.key));
  return steps.map((step) => {
    const parts = telling.map((part) => part(step.context)).filter(Boolean);
    const attempt = again.has(step.key) ? [`attempt ${step.context.attempt}`] : [];
    return [...parts, ...attempt].join(" › ") || step.records.title;
  });
}

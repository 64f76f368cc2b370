/** Steps' records brought together to what is shown of a run. */

import type { Attachment, Run } from "../source";
import type { Fault, Results, Row, Step } from "./model";
import type { TabChecks, TabContext, TabIndex } from "./records";

/** Records as they were read. stem: of the names of the attempt's attachments. */
export type Read =
  { kind: "notebooks"; stem: string; records: TabIndex } | { kind: "checks"; stem: string; records: TabChecks };

export function collate(
  run: Run,
  read: readonly Read[],
  attachments: ReadonlyMap<string, Attachment>,
  faults: Fault[],
): Results {
  const notebooks = read.filter((each) => each.kind === "notebooks");
  const stems = new Map(notebooks.map(({ records, stem }) => [records, stem]));
  const steps = stepsOf(
    run,
    notebooks.map(({ records }) => records),
    attachments,
  );
  const checks = read.filter((each) => each.kind === "checks").map(({ records }) => records);
  return {
    run,
    notebooks: steps,
    checks: stepsOf(run, checks, attachments),
    rows: steps.flatMap((step) => rowsOf(step, stems.get(step.records) ?? "")),
    faults,
  };
}

function stepsOf<Records extends TabIndex | TabChecks>(
  run: Run,
  all: readonly Records[],
  attachments: ReadonlyMap<string, Attachment>,
): Step<Records>[] {
  const byKey = new Map<string, Records[]>();
  for (const records of all) {
    const key = keyOf(records.context);
    byKey.set(key, [...(byKey.get(key) ?? []), records]);
  }
  const began = (attempts: readonly Records[]) => Math.min(...attempts.map(({ startedAt }) => Date.parse(startedAt)));
  return [...byKey]
    .sort(([one, first], [other, second]) => began(first) - began(second) || one.localeCompare(other))
    .flatMap(([key, attempts]) =>
      attempts
        .sort((one, other) => other.context.attempt - one.context.attempt)
        .map((records, index) => ({
          key,
          context: records.context,
          records,
          run,
          attachments,
          superseded: index > 0,
          abandoned: !run.running && records.finishedAt === null,
        })),
    );
}

function keyOf({ stage, job, step }: TabContext): string {
  return [stage, job, step].join("~");
}

function rowsOf(step: Step<TabIndex>, stem: string): Row[] {
  return step.records.results.map((result) => ({
    key: `${stem}~${result.runId}`,
    identity: [step.key, result.notebook, result.parameterSet].join("~"),
    step,
    result,
  }));
}

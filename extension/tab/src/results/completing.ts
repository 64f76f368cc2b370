/**
 * Records with all that views rely on. What an older version of the task did not write yet is as if there were nothing,
 * and so is what is of another kind than it should be: anybody can attach anything to a run.
 */

import type { TabFailure, TabIndex, TabResult } from "./records";

const INDEX: Omit<TabIndex, "context"> = {
  version: 1,
  number: 0,
  title: "",
  startedAt: "",
  finishedAt: null,
  cancelled: false,
  problems: [],
  notes: [],
  results: [],
};

const RESULT: TabResult = {
  runId: "",
  title: "",
  notebook: "",
  parameterSet: "",
  parameters: {},
  state: "finished",
  outcome: null,
  expectedOutcome: "passed",
  ok: false,
  message: "",
  notes: [],
  startedAt: null,
  duration: 0,
  peakMemory: null,
  owner: "",
  environment: "",
  job: "",
  studio: "",
  reusedFrom: null,
  cells: { total: 0, done: 0 },
  current: "",
  failure: null,
  scraps: {},
  record: "",
  thumbnail: null,
  files: [],
};

const FAILURE: TabFailure = {
  position: 0,
  number: "",
  title: "",
  outcome: "failed",
  errorName: "",
  errorValue: "",
  excerpt: "",
  firstLine: 1,
  line: null,
  text: "",
};

/** index: with a context, and objects for results. */
export function completedIndex(index: Pick<TabIndex, "context"> & object): TabIndex {
  const whole = { ...completed(INDEX, index), context: index.context };
  return { ...whole, results: whole.results.map(completedResult) };
}

function completedResult(result: object): TabResult {
  const whole = completed(RESULT, result);
  return whole.failure ? { ...whole, failure: completed(FAILURE, whole.failure) } : whole;
}

function completed<Records extends object>(blank: Records, records: object): Records {
  const known = Object.entries(records).filter(([name, value]) => {
    const expected = (blank as Record<string, unknown>)[name];
    return Object.hasOwn(blank, name) && (expected === null || kind(value) === kind(expected));
  });
  return { ...blank, ...Object.fromEntries(known) };
}

function kind(value: unknown): string {
  return Array.isArray(value) ? "list" : value === null ? "nothing" : typeof value;
}

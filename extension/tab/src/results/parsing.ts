/** The text of a file with records, held against what the views rely on: anybody can attach anything to a run. */

import type { Attachment } from "../source";
import type { Read } from "./collating";
import { completedIndex } from "./completing";
import type { Fault } from "./model";
import type { States } from "./names";
import type { TabChecks, TabIndex } from "./records";

const VERSION = 1;

export function parsed({ name }: Attachment, { kind, stem }: States, text: string): Read | Fault {
  let records: unknown;
  try {
    records = JSON.parse(text);
  } catch {
    return fault(name, "it is not whole. Run the step again, or look at the run's tests");
  }
  if (!isObject(records) || !("version" in records)) return fault(name, "it is none of this extension's");
  if (records["version"] !== VERSION) {
    return fault(name, `it was written by another version of the task (format ${String(records["version"])}). Reload the page`);
  }
  const problem = kind === "notebooks" ? lacking(records, "results") : lacking(records, "checks");
  if (problem) return fault(name, problem);
  return kind === "notebooks"
    ? { kind, stem, records: completedIndex(records as Pick<TabIndex, "context">) }
    : { kind, stem, records: records as unknown as TabChecks };
}

function lacking(records: Record<string, unknown>, list: string): string {
  const context = records["context"];
  const items = records[list];
  const whole =
    isObject(context) &&
    ["task", "stage", "job", "step"].every((name) => typeof context[name] === "string") &&
    typeof context["attempt"] === "number" &&
    typeof records["number"] === "number" &&
    typeof records["startedAt"] === "string" &&
    Array.isArray(items) &&
    items.every(isObject);
  return whole ? "" : "it does not say what its results are. Run the step again";
}

function fault(attachment: string, why: string): Fault {
  return { attachment, sentence: `The file ${attachment} cannot be shown: ${why}.` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The record of a notebook's cells as it was attached: held against what is made of it, as anybody can attach anything. */

import type { Row } from "../results/model";
import type { CellsRecord, RecordedCell, RecordedOutput } from "../results/records";
import { type Attachment, SourceError } from "../source";

const VERSION = 1;
const LARGEST = 8_000_000; // bytes; tasks write two million at most

/** Rejects with a SourceError. whose: as it is said within a sentence: `this run`. */
export async function readRecord(row: Row, whose: string, read: (attachment: Attachment) => Promise<Blob>): Promise<CellsRecord> {
  const attachment = row.step.attachments.get(row.result.record);
  if (!attachment) {
    throw new SourceError(`There is no record of the cells of ${whose}: its task is an older one, or it left nothing to compare.`, true);
  }
  const blob = await read(attachment);
  if (blob.size > LARGEST) throw new SourceError(`The record of the cells of ${whose} is larger than any that the task writes.`);
  const record = parsed(await blob.text());
  if (!record) throw new SourceError(`The record of the cells of ${whose} is not one that this page can read: reload the page.`);
  return record;
}

/** None where it is no record, or one of another version. */
export function parsed(text: string): CellsRecord | null {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(record) || record["version"] !== VERSION) return null;
  const cells = record["cells"];
  if (!Array.isArray(cells) || !cells.every(isCell)) return null;
  return { version: VERSION, runId: String(record["runId"] ?? ""), note: String(record["note"] ?? ""), cells };
}

function isCell(cell: unknown): cell is RecordedCell {
  return (
    isObject(cell) &&
    typeof cell["position"] === "number" &&
    ["id", "kind", "number", "heading", "source"].every((name) => typeof cell[name] === "string") &&
    typeof cell["cut"] === "number" &&
    [cell["outcome"], cell["startedAt"]].every((value) => value === null || typeof value === "string") &&
    (cell["duration"] === null || typeof cell["duration"] === "number") &&
    Array.isArray(cell["outputs"]) &&
    cell["outputs"].every(isOutput)
  );
}

function isOutput(output: unknown): output is RecordedOutput {
  return (
    isObject(output) &&
    ["kind", "name", "text", "mime", "image", "digest"].every((name) => typeof output[name] === "string") &&
    typeof output["cut"] === "number"
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

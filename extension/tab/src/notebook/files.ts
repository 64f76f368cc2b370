/** A result's files: which there are, and how they come to whoever wants them. */

import type { Row } from "../results/model";
import type { ArtefactKind, TabFile } from "../results/records";
import type { Attachment } from "../source";

/** attachment: none where the file was too large for one, or has not come yet. */
export interface ResultFile {
  file: TabFile;
  attachment: Attachment | undefined;
}

export function fileOf(row: Row, kind: ArtefactKind): ResultFile | undefined {
  const file = row.result.files.find((each) => each.kind === kind);
  return file && { file, attachment: row.step.attachments.get(file.attachment) };
}

/** What the executed notebook is called where it is saved: `train-weak.ipynb`. */
export function downloadName({ result }: Row): string {
  const stem = result.notebook.split("/").at(-1)!.replace(/\.ipynb$/, "");
  const name = result.parameterSet ? `${stem}-${result.parameterSet}` : stem;
  return `${name.replace(/[^\p{L}\p{N}_.()=+ -]+/gu, "_").slice(0, 120)}.ipynb`;
}

/** Hands it to the browser as it is, unread. */
export function save(content: Blob, name: string): void {
  // Without a type of its own, the browser would open rather than save what it can show.
  const address = URL.createObjectURL(content.slice(0, content.size, "application/octet-stream"));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** The address if it is a page of Azure Machine Learning studio, where everybody's jobs are; else none. */
export function studioAddress(address: string): string | null {
  const parsed = URL.canParse(address) ? new URL(address) : null;
  const expected = parsed?.protocol === "https:" && parsed.host === "ml.azure.com" && !parsed.username && !parsed.password;
  return expected ? parsed.href : null;
}

/** `512 bytes`, `1.4 MB`. */
export function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [unit, factor] = bytes < 999_500 ? ["kB", 1e3] : ["MB", 1e6];
  const size = bytes / (factor as number);
  return `${size.toLocaleString("en", { maximumFractionDigits: size < 10 ? 1 : 0 })} ${unit}`;
}

/** An output that is not as it was. */

import type { RecordedOutput } from "../results/records";
import type { OutputPair } from "./comparison";
import { Pictures } from "./pictures";
import { TextChange } from "./text-change";

export function OutputChange({ pair, title }: { pair: OutputPair; title: string }) {
  const { before, after } = pair;
  const one = (after ?? before)!;
  const words = nameOf(one);
  return (
    <section class="changes-output">
      <h3>{`${words}${before ? (after ? "" : ", gone") : ", new"}`}</h3>
      {one.kind === "image" ? (
        <Pictures before={before} after={after} title={`${words} of ${title}`} />
      ) : one.kind === "other" ? (
        <p class="changes-note">It is not as it was. What it holds is not in the record: {one.mime || "no kind is known"}.</p>
      ) : (
        <TextChange
          label={`${words} of ${title}`}
          before={before?.text ?? ""}
          after={after?.text ?? ""}
          cut={Math.max(before?.cut ?? 0, after?.cut ?? 0)}
          numbers
        />
      )}
    </section>
  );
}

function nameOf({ kind, name }: RecordedOutput): string {
  if (kind === "image") return "Figure";
  if (kind === "error") return name ? `Error ${name}` : "Error";
  if (kind === "other") return "Output";
  return name ? `Output (${name})` : "Output";
}

/** One cell that is not as it was. */

import { CELL_OUTCOMES, durationWords } from "../wording";
import type { CellChange } from "./comparison";
import { OutputChange } from "./output-change";
import { TextChange } from "./text-change";
import { titleOf } from "./titles";

const KINDS = { changed: "changed", added: "new", removed: "gone", same: "", notExecuted: "" } as const;

export function CellChanges({ change, show }: { change: CellChange; show: (anchor: string) => void }) {
  const { before, after, kind } = change;
  const title = titleOf((after ?? before)!);
  return (
    <article class={`changes-cell ${kind}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <ul class="changes-marks">
          {marks(change).map((mark) => (
            <li key={mark}>{mark}</li>
          ))}
        </ul>
        {after && (
          <button type="button" class="quiet" onClick={() => show(`cell-${after.position}`)}>
            Show in the notebook
          </button>
        )}
      </header>
      {(change.sourceChanged || !before || !after) && (
        <TextChange
          label={`Source of ${title}`}
          before={before?.source ?? ""}
          after={after?.source ?? ""}
          cut={Math.max(before?.cut ?? 0, after?.cut ?? 0)}
        />
      )}
      {change.outputs.map((pair, index) => (
        <OutputChange key={index} pair={pair} title={title} />
      ))}
    </article>
  );
}

function marks({ before, after, kind, moved, outcomeChanged, durations }: CellChange): string[] {
  const said = (outcome: string | null | undefined) => (outcome ? CELL_OUTCOMES[outcome as keyof typeof CELL_OUTCOMES] : "nothing");
  return [
    KINDS[kind],
    moved ? "moved" : "",
    outcomeChanged && before && after ? `${said(before.outcome)} → ${said(after.outcome)}` : "",
    durations ? `${durationWords(durations.before)} → ${durationWords(durations.after)}` : "",
  ].filter(Boolean);
}

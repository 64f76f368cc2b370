/** The head of a notebook's view: what became of it, and what one can do with it. */

import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import type { Row } from "../results/model";
import { SourceError } from "../source";
import { durationWords, outcomeWords } from "../wording";
import { copy } from "./clipboard";
import { downloadName, fileOf, save, sizeWords, studioAddress } from "./files";
import type { NotebookViewProps } from "./notebook-view";

type Props = Omit<NotebookViewProps, "history"> & { heading: RefObject<HTMLHeadingElement | null> };

export function NotebookHeader({ row, rows, heading, read, go, place, open }: Props) {
  const [said, setSaid] = useState("");
  const { result } = row;
  const studio = studioAddress(result.studio);
  const notebook = fileOf(row, "ipynb");
  const copyPath = async () => {
    const done = await copy(result.notebook);
    setSaid(done ? "The path is copied." : "The browser does not let this page copy: mark the name instead.");
  };
  const download = async () => {
    if (!notebook?.attachment) return;
    setSaid("Reading the notebook…");
    try {
      const name = downloadName(row);
      save(await read(notebook.attachment), name);
      setSaid(`${name} is handed to the browser. If it does not appear, take it from the test result's attachments.`);
    } catch (error) {
      setSaid(error instanceof SourceError ? error.message : "The notebook could not be read: try again.");
    }
  };
  return (
    <header class="notebook-head">
      {rows.length > 0 && (
        <nav class="notebook-ways" aria-label="Other notebooks">
          <button type="button" onClick={() => go({ ...place, notebook: "", cell: "", view: "page" })}>
            ← All notebooks
          </button>
          <Failing row={row} rows={rows} show={(key) => go({ ...place, notebook: key, cell: "" })} />
        </nav>
      )}
      <div class="notebook-name">
        <p class={`notebook-outcome ${tone(row)}`}>{outcomeWords(result)}</p>
        <h1 id="notebook-title" ref={heading} tabIndex={-1}>
          {result.notebook}
          {result.parameterSet && <span class="notebook-set"> [{result.parameterSet}]</span>}
        </h1>
        <button type="button" class="quiet" onClick={() => void copyPath()}>
          Copy path
        </button>
      </div>
      <div class="notebook-about">
        <ul class="notebook-facts">
          {facts(row).map((fact) => (
            <li key={fact}>{fact}</li>
          ))}
        </ul>
        <div class="notebook-doings">
          {notebook?.attachment && (
            <button type="button" onClick={() => void download()}>
              Download notebook ({sizeWords(notebook.file.size)})
            </button>
          )}
          {studio && (
            <button type="button" onClick={() => open(studio)}>
              Open in Azure ML studio
            </button>
          )}
        </div>
      </div>
      <p class="notebook-said" role="status">
        {said}
      </p>
    </header>
  );
}

/** To the failing notebooks before and after this one, in the table's order. */
function Failing({ row, rows, show }: { row: Row; rows: readonly Row[]; show: (key: string) => void }) {
  const here = rows.findIndex((other) => other.key === row.key);
  const failing = rows.filter((other) => hasFailed(other));
  const place = (other: Row) => rows.indexOf(other);
  const before = failing.filter((other) => place(other) < here).at(-1);
  const after = failing.find((other) => place(other) > here);
  if (!before && !after) return null;
  const title = (other: Row | undefined) => other?.result.title ?? "there is none";
  return (
    <span class="notebook-failing">
      <button type="button" disabled={!before} title={title(before)} onClick={() => before && show(before.key)}>
        Previous failing
      </button>
      <button type="button" disabled={!after} title={title(after)} onClick={() => after && show(after.key)}>
        Next failing
      </button>
    </span>
  );
}

function hasFailed({ result }: Row): boolean {
  return result.state === "finished" && !result.ok;
}

function tone({ result }: Row): "good" | "bad" | "idle" {
  if (result.state !== "finished" || result.outcome === "cancelled" || result.outcome === "notRun") return "idle";
  return result.ok ? "good" : "bad";
}

function facts({ result, step }: Row): string[] {
  const { stage, job, attempt } = step.context;
  return [
    result.state === "finished" && result.startedAt ? durationWords(result.duration) : "",
    result.owner && `owner ${result.owner}`,
    [stage, job].filter((name) => name && !name.startsWith("__")).join(" / "),
    attempt > 1 || step.superseded ? `attempt ${attempt}` : "",
    result.environment,
    result.peakMemory ? `${sizeWords(result.peakMemory)} of memory at most` : "",
    result.reusedFrom?.build ? `from build ${result.reusedFrom.build}` : "",
  ].filter(Boolean);
}

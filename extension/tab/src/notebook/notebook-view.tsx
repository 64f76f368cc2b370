/** One notebook: what became of it, its page, and what is different from an earlier run. */

import { useEffect, useRef } from "preact/hooks";
import { ChangesView } from "../changes/changes-view";
import type { History, Place, Row } from "../results/model";
import type { Attachment } from "../source";
import { fileOf } from "./files";
import { NotebookHeader } from "./notebook-header";
import { PageFrame } from "./page-frame";
import { Views, viewId } from "./views";
import "./notebook.css";

export interface NotebookViewProps {
  row: Row;
  /** All rows of the run: where the next failing one is looked for; none where there is no table to go back to. */
  rows: readonly Row[];
  history: History | null;
  read: (attachment: Attachment) => Promise<Blob>;
  go: (place: Place) => void;
  place: Place;
  /** Opens an address of another site in a window of its own. */
  open: (address: string) => void;
}

export function NotebookView({ row, rows, history, read, go, place, open }: NotebookViewProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
  }, [row.key]);
  return (
    <section class="notebook" aria-labelledby="notebook-title">
      <NotebookHeader row={row} rows={rows} heading={heading} read={read} go={go} place={place} open={open} />
      <Views view={place.view} choose={(view) => go({ ...place, view })} />
      <div class="notebook-view" role="tabpanel" id="notebook-panel" aria-labelledby={viewId(place.view)}>
        {place.view === "changes" ? (
          <ChangesView
            key={row.key}
            row={row}
            history={history}
            read={read}
            show={(cell) => go({ ...place, view: "page", cell })}
          />
        ) : (
          <NotebookPage row={row} cell={place.cell} read={read} />
        )}
      </div>
    </section>
  );
}

function NotebookPage({ row, cell, read }: { row: Row; cell: string; read: NotebookViewProps["read"] }) {
  const page = fileOf(row, "html");
  if (page?.attachment) {
    const { attachment, file } = page;
    const title = `${row.result.title}: the executed notebook`;
    // The page begins with the failing cell, its error and what it put out.
    const anchor = cell === `cell-${row.result.failure?.position}` ? "" : cell;
    const shown = { attachment, size: file.size, title, cell: anchor, read };
    return <PageFrame key={attachment.address + attachment.name} {...shown} />;
  }
  return (
    <div class="frame-place" role="status">
      {row.result.message && <p>{row.result.message}</p>}
      <p>{whyNoPage(row, page !== undefined)}</p>
    </div>
  );
}

function whyNoPage(row: Row, named: boolean): string {
  const { state, outcome, files } = row.result;
  if (state !== "finished" && !row.step.abandoned) {
    return state === "running" ? "It is still running; its page comes when it has finished." : "It has not begun yet.";
  }
  const page = files.find((file) => file.kind === "html");
  if (page && !page.attachment) return page.note || "Its page is too large for an attachment.";
  if (named) return "Its page is still on its way from the agent.";
  return outcome === "notRun" ? "It was not run, so there is nothing to show." : "It left no page.";
}

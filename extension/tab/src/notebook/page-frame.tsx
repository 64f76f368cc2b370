/** The page that the task made of a notebook, in a frame that may do nothing. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Attachment, SourceError } from "../source";
import { sizeWords } from "./files";
import { frameDocument, isAnchor } from "./page-document";

/** Bytes; what is larger is shown when it is asked for: a phone or a slow line should not choke on it. */
const ASK_FROM = 10_000_000;

export interface PageFrameProps {
  attachment: Attachment;
  /** Bytes, known before it is read. */
  size: number;
  title: string;
  /** The anchor to show; empty for the page's beginning, where what failed stands. */
  cell: string;
  read: (attachment: Attachment) => Promise<Blob>;
}

type State =
  | { is: "asking" }
  | { is: "reading" }
  | { is: "shown"; document: string }
  | { is: "failed"; sentence: string };

export function PageFrame({ attachment, size, title, cell, read }: PageFrameProps) {
  const [state, setState] = useState<State>(size > ASK_FROM ? { is: "asking" } : { is: "reading" });
  const [tries, setTries] = useState(0);
  const key = `${attachment.address}\n${attachment.name}`;
  useEffect(() => {
    if (state.is !== "reading") return;
    let wanted = true;
    const show = (next: State) => wanted && setState(next);
    read(attachment)
      .then((blob) => blob.text())
      .then(
        (page) => show({ is: "shown", document: frameDocument(page) }),
        (error: unknown) => show({ is: "failed", sentence: sentenceOf(error) }),
      );
    return () => {
      wanted = false;
    };
  }, [key, tries, state.is === "reading"]);

  if (state.is === "shown") return <Frame document={state.document} title={title} cell={cell} />;
  if (state.is === "reading") return <p class="frame-place" role="status">Reading the page…</p>;
  const begin = () => {
    setTries(tries + 1);
    setState({ is: "reading" });
  };
  return (
    <div class="frame-place" role={state.is === "failed" ? "alert" : undefined}>
      <p>{state.is === "failed" ? state.sentence : `This notebook's page is large: ${sizeWords(size)}.`}</p>
      <button type="button" onClick={begin}>
        {state.is === "failed" ? "Try again" : "Show it"}
      </button>
    </div>
  );
}

function Frame({ document, title, cell }: { document: string; title: string; cell: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const loaded = useRef(false);
  const show = () => {
    // A change of the fragment loads nothing, and needs no script in the page.
    frame.current?.contentWindow?.location.replace(`about:srcdoc#${isAnchor(cell) ? cell : ""}`);
  };
  useEffect(() => {
    if (loaded.current) show();
  }, [cell]);
  const onLoad = () => {
    if (loaded.current) return;
    loaded.current = true;
    if (cell) show();
  };
  return <iframe ref={frame} class="notebook-page" title={title} sandbox="" srcdoc={document} onLoad={onLoad} />;
}

function sentenceOf(error: unknown): string {
  return error instanceof SourceError ? error.message : "The page could not be read: try again, or download the notebook.";
}

/** The view of one notebook alone, shown from recorded runs: for tests of what it shows, and of the rules behind it. */

import { render } from "preact";
import { useState } from "preact/hooks";
import "../../extension/tab/src/styles/base.css";
import { compare } from "../../extension/tab/src/changes/comparison";
import { groups, summary } from "../../extension/tab/src/changes/groups";
import { folded, lines } from "../../extension/tab/src/changes/lines";
import { changedNumbers } from "../../extension/tab/src/changes/numbers";
import { loadHistory } from "../../extension/tab/src/history/history";
import { studioAddress } from "../../extension/tab/src/notebook/files";
import { NotebookView } from "../../extension/tab/src/notebook/notebook-view";
import { frameDocument } from "../../extension/tab/src/notebook/page-document";
import { START } from "../../extension/tab/src/place";
import type { History, Place, Results } from "../../extension/tab/src/results/model";
import { readResults } from "../../extension/tab/src/results/reading";
import { RecordedSource, type Recording } from "./recorded_source";

interface Shown {
  source: RecordedSource;
  results: Results;
  history: History | null;
  place: Place;
}

let shown: Shown;
let again: (part: Partial<Shown>) => void;
const opened: string[] = [];

function Page({ start }: { start: Shown }) {
  const [now, change] = useState(start);
  shown = now;
  again = (part) => change((before) => ({ ...before, ...part }));
  const row = now.results.rows.find(({ key }) => key === now.place.notebook);
  return (
    <main>
      {row && (
        <NotebookView
          row={row}
          rows={now.results.rows}
          history={now.history}
          read={(attachment) => now.source.read(attachment)}
          go={(place) => change((before) => ({ ...before, place }))}
          place={now.place}
          open={(address) => opened.push(address)}
        />
      )}
    </main>
  );
}

const page = {
  /** The notebook of this title in the newest run; place: what is not as at the beginning. */
  async show(recording: Recording, title: string, place: Partial<Place> = {}, failing = ""): Promise<void> {
    const source = new RecordedSource(recording);
    source.failing = failing;
    const results = await readResults(source, await source.run());
    const row = results.rows.find(({ result }) => result.title === title)!;
    const root = document.getElementById("tab")!;
    opened.length = 0;
    render(null, root);
    render(<Page start={{ source, results, history: null, place: { ...START, notebook: row.key, ...place } }} />, root);
    for await (const history of loadHistory(source, results)) again({ history });
  },
  /** The same with the rows read anew, as while the run goes on. */
  async look(): Promise<void> {
    again({ results: await readResults(shown.source, await shown.source.run()) });
  },
  go: (place: Partial<Place>) => again({ place: { ...shown.place, ...place } }),
  place: () => shown.place,
  read: () => shown.source.asked.flatMap((what) => /^read \d+ (.*)$/.exec(what)?.[1] ?? []),
  works: () => (shown.source.failing = ""),
  opened: () => opened,
  compare,
  groups,
  summary,
  lines,
  folded,
  changedNumbers,
  frameDocument,
  studioAddress,
};

Object.assign(window, { page });

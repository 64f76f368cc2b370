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
import { type Attachment, type Run, type Source, SourceError } from "../../extension/tab/src/source";

interface RecordedRun {
  id: number;
  name: string;
  branch: string;
  running: boolean;
  /** Base64 by attachments' names; or a beginning, a number and what follows as many times, for what is too long to send. */
  files: Record<string, string>;
}

interface Recording {
  defaultBranch: string;
  /** The newest first; the page shows the first. */
  runs: RecordedRun[];
}

class RecordedSource implements Source {
  readonly read_: string[] = [];
  failing = "";

  constructor(readonly recording: Recording) {}

  async run(): Promise<Run> {
    return this.#run(this.recording.runs[0]!);
  }

  async attachments(run: Run): Promise<Attachment[]> {
    return Object.keys(this.#recorded(run).files).map((name) => ({ name, run, address: `${run.id}` }));
  }

  async read({ name, run }: Attachment): Promise<Blob> {
    this.read_.push(name);
    if (name === this.failing) throw new SourceError("The service did not answer: try again in a minute.");
    const content = this.#recorded(run).files[name]!;
    const long = /^(?<beginning>.*)\0(?<times>\d+)\0(?<again>.*)$/s.exec(content)?.groups;
    if (long) return new Blob([long["beginning"]!, long["again"]!.repeat(Number(long["times"]))]);
    return new Blob([Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0))]);
  }

  async defaultBranch(): Promise<string> {
    return this.recording.defaultBranch;
  }

  async earlier(branch: string, before: Run, count: number): Promise<Run[]> {
    const runs = this.recording.runs.filter((run) => run.branch === branch && run.id < before.id);
    return runs.slice(0, count).map((run) => this.#run(run));
  }

  #recorded(run: Run): RecordedRun {
    return this.recording.runs.find(({ id }) => id === run.id)!;
  }

  #run({ id, name, branch, running }: RecordedRun): Run {
    return { id, name, branch, running, address: "", startedAt: null, finishedAt: null };
  }
}

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
  read: () => shown.source.read_,
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

/** The overview alone, shown from recorded runs: for tests of what it shows, and of the rules behind it. */

import { render } from "preact";
import { useState } from "preact/hooks";
import "../../extension/tab/src/styles/base.css";
import { loadHistory } from "../../extension/tab/src/history/history";
import { metrics } from "../../extension/tab/src/overview/change";
import { Overview } from "../../extension/tab/src/overview/overview";
import { sparkline } from "../../extension/tab/src/overview/sparkline";
import { fromParameters, START } from "../../extension/tab/src/place";
import type { History, Place, Results } from "../../extension/tab/src/results/model";
import { readResults } from "../../extension/tab/src/results/reading";
import type { Attachment, Run, Source } from "../../extension/tab/src/source";
import { durationWords, numberWords } from "../../extension/tab/src/wording";

interface RecordedRun {
  id: number;
  name: string;
  branch: string;
  running: boolean;
  /** Base64 by attachments' names. */
  files: Record<string, string>;
}

interface Recording {
  defaultBranch: string;
  /** The newest first; the page shows the first. */
  runs: RecordedRun[];
}

/** What was asked of the recording, in order: `earlier main`, `list 7`, `read 7 name`; and how many at a time. */
class RecordedSource implements Source {
  readonly asked: string[] = [];
  mostRunsAtOnce = 0;
  readonly #open = new Map<number, number>();

  constructor(readonly recording: Recording) {}

  async run(): Promise<Run> {
    return this.#run(this.recording.runs[0]!);
  }

  async attachments(run: Run): Promise<Attachment[]> {
    return this.#ask(run, `list ${run.id}`, () =>
      Object.keys(this.#recorded(run).files).map((name) => ({ name, run, address: `${run.id}` })),
    );
  }

  async read({ name, run }: Attachment): Promise<Blob> {
    return this.#ask(run, `read ${run.id} ${name}`, () => {
      const bytes = atob(this.#recorded(run).files[name]!);
      return new Blob([Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))]);
    });
  }

  async defaultBranch(): Promise<string> {
    return this.recording.defaultBranch;
  }

  async earlier(branch: string, before: Run, count: number): Promise<Run[]> {
    this.asked.push(`earlier ${branch}`);
    const runs = this.recording.runs.filter((run) => run.branch === branch && run.id < before.id);
    return runs.slice(0, count).map((run) => this.#run(run));
  }

  async #ask<Answer>(run: Run, what: string, answer: () => Answer): Promise<Answer> {
    this.asked.push(what);
    this.#open.set(run.id, (this.#open.get(run.id) ?? 0) + 1);
    this.mostRunsAtOnce = Math.max(this.mostRunsAtOnce, [...this.#open.values()].filter(Boolean).length);
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.#open.set(run.id, this.#open.get(run.id)! - 1);
    return answer();
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

/** Of the last page shown. */
let shown: Shown;

function Page({ start }: { start: Shown }) {
  const [now, change] = useState(start);
  shown = now;
  again = (part) => change((before) => ({ ...before, ...part }));
  return (
    <main>
      <Overview
        results={now.results}
        history={now.history}
        place={now.place}
        go={(place) => change((before) => ({ ...before, place }))}
        read={(attachment) => now.source.read(attachment)}
      />
    </main>
  );
}

let again: (part: Partial<Shown>) => void;

const page = {
  /** As the tab does: the results, and then the history, bit by bit. */
  async show(recording: Recording, filter = "", withHistory = true): Promise<void> {
    const source = new RecordedSource(recording);
    const results = await readResults(source, await source.run());
    const root = document.getElementById("tab")!;
    render(null, root);
    render(<Page start={{ source, results, history: null, place: { ...START, filter } }} />, root);
    if (withHistory) await page.remember();
  },
  async remember(): Promise<void> {
    for await (const history of loadHistory(shown.source, shown.results)) again({ history });
  },
  /** The same page, the run having gone on. */
  async goOn(recording: Recording): Promise<void> {
    const source = new RecordedSource(recording);
    again({ results: await readResults(source, await source.run()) });
  },
  goTo(parameters: Record<string, string>): void {
    again({ place: fromParameters(parameters) });
  },
  place: () => shown.place,
  asked: () => shown.source.asked,
  mostRunsAtOnce: () => shown.source.mostRunsAtOnce,
  history: () => ({ branch: shown.history!.branch, complete: shown.history!.complete }),
  metrics,
  sparkline,
  durationWords,
  numberWords,
};

Object.assign(window, { page });

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
import { durationWords, numberWords } from "../../extension/tab/src/wording";
import { RecordedSource, type Recording } from "./recorded_source";

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

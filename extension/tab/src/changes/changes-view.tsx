/** What is different from an earlier run: code, outputs, figures, times; what is the same is folded. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { History, Row } from "../results/model";
import type { CellsRecord } from "../results/records";
import { type Attachment, SourceError } from "../source";
import { durationWords } from "../wording";
import { baselines, baselineWords } from "./baseline";
import { CellChanges } from "./cell-changes";
import { compare } from "./comparison";
import { type Group, groups, summary } from "./groups";
import { readRecord } from "./record";
import { titleOf } from "./titles";
import "./changes.css";

export interface ChangesViewProps {
  row: Row;
  history: History | null;
  read: (attachment: Attachment) => Promise<Blob>;
  /** Shows a cell in the notebook's page. */
  show: (anchor: string) => void;
}

type Records = { before: CellsRecord; after: CellsRecord };

export function ChangesView({ row, history, read, show }: ChangesViewProps) {
  const [chosen, setChosen] = useState("");
  const { rows, proposed, sentence } = baselines(row, history);
  const baseline = rows.find((other) => keyOf(other) === chosen) ?? proposed;
  if (row.result.state !== "finished") return <p role="status">It has not finished yet: then there is something to compare.</p>;
  return (
    <div class="changes">
      {sentence && <p role="status">{sentence}</p>}
      {rows.length > 0 && (
        <label class="changes-baseline">
          Compared with{" "}
          <select value={baseline ? keyOf(baseline) : ""} onChange={(event) => setChosen(event.currentTarget.value)}>
            {!baseline && <option value="">an earlier run</option>}
            {rows.map((other) => (
              <option key={keyOf(other)} value={keyOf(other)}>
                {baselineWords(other)}
                {other === proposed ? " (the last one that did)" : ""}
              </option>
            ))}
          </select>
        </label>
      )}
      {baseline && <Comparison key={keyOf(baseline)} row={row} baseline={baseline} read={read} show={show} />}
    </div>
  );
}

interface ComparisonProps extends Omit<ChangesViewProps, "history"> {
  baseline: Row;
}

function Comparison({ row, baseline, read, show }: ComparisonProps) {
  const [records, setRecords] = useState<Records | string>("");
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let wanted = true;
    const say = (next: Records | string) => wanted && setRecords(next);
    Promise.all([readRecord(baseline, baseline.step.run.name, read), readRecord(row, "this run", read)]).then(
      ([before, after]) => say({ before, after }),
      (error: unknown) => say(error instanceof SourceError ? error.message : "The cells could not be read."),
    );
    return () => {
      wanted = false;
    };
  }, [row.result.record, tries]);
  const changes = useMemo(() => (typeof records === "string" ? [] : compare(records.before.cells, records.after.cells)), [records]);
  if (records === "") return <p role="status">Reading the cells of both runs…</p>;
  if (typeof records === "string") {
    return (
      <div role="alert">
        <p>{records}</p>
        <button type="button" onClick={() => setTries(tries + 1)}>Try again</button>
      </div>
    );
  }
  const notes = [...new Set([records.before.note, records.after.note])].filter(Boolean);
  return (
    <>
      <p class="changes-summary" role="status">
        {summary(changes)} {timeSentence(row, baseline)}
      </p>
      {notes.map((note) => (
        <p key={note} class="changes-note">{note}</p>
      ))}
      <Groups all={groups(changes)} show={show} />
    </>
  );
}

const AT_ONCE = 60;

function Groups({ all, show }: { all: readonly Group[]; show: ChangesViewProps["show"] }) {
  const [bound, setBound] = useState(AT_ONCE);
  return (
    <>
      {all.slice(0, bound).map((group, index) =>
        group.words ? (
          <details key={index} class="changes-same">
            <summary>{group.words}</summary>
            <ul>
              {group.changes.map((change, number) => (
                <li key={number}>{titleOf((change.after ?? change.before)!)}</li>
              ))}
            </ul>
          </details>
        ) : (
          group.changes.map((change, number) => <CellChanges key={`${index}-${number}`} change={change} show={show} />)
        ),
      )}
      {all.length > bound && (
        <button type="button" onClick={() => setBound(bound + AT_ONCE)}>
          Show more changes
        </button>
      )}
    </>
  );
}

/** Of two runs that went through: one that fails ends early. */
function timeSentence(row: Row, baseline: Row): string {
  if (!row.result.ok || !baseline.result.ok || row.result.reusedFrom) return "";
  const [now, then] = [row, baseline].map(({ result }) => durationWords(result.duration));
  return now === then ? `It took ${now} both times.` : `It took ${now} instead of ${then}.`;
}

function keyOf(row: Row): string {
  return `${row.step.run.id} ${row.key}`;
}

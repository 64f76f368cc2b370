import { Component, type JSX } from "preact";
import type { Row } from "../results/model";
import type { Attachment } from "../source";
import { count } from "../wording";
import { FailureDetails, FailureLine } from "./failure";
import { Icon } from "./icon";
import { kindOf, pathOf, wordsOf } from "./kinds";
import { Metrics } from "./metrics";
import { Compared, Durations, Outcomes } from "./past";
import { Thumbnail } from "./thumbnail";

/** Which columns have anything to show. */
export interface Columns {
  metrics: boolean;
  figures: boolean;
}

/** What rows ask of the page. cell: an anchor, empty for the notebook's beginning. */
export interface Actions {
  read: (attachment: Attachment) => Promise<Blob>;
  open: (row: Row, cell: string) => void;
  compare: (row: Row) => void;
  toggle: (row: Row) => void;
}

interface RowProps {
  row: Row;
  columns: Columns;
  /** The newest first. */
  earlier: readonly Row[];
  green: Row | undefined;
  unfolded: boolean;
  /** Filtered out: it stays in the page, which is quicker than drawing it anew. */
  hidden: boolean;
  actions: Actions;
}

/** Drawn again only when something about it has changed: while somebody types, hundreds have not. */
export class NotebookRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== this.props[name]);
  }

  override render(): JSX.Element {
    return <Drawn {...this.props} />;
  }
}

/** One notebook with one parameter set; its failure below it, unfolded. */
function Drawn({ row, columns, earlier, green, unfolded, hidden, actions }: RowProps): JSX.Element {
  const kind = kindOf(row);
  return (
    <>
      <tr role="row" class={`row ${kind}`} hidden={hidden}>
        <td role="cell" class="outcome">
          <span class={`word ${kind}`}>
            <Icon kind={kind} /> {wordsOf(row)}
          </span>
          <Compared row={row} earlier={earlier} />
          <Outcomes earlier={earlier} />
        </td>
        <th role="rowheader" scope="row" class="notebook">
          <Name row={row} actions={actions} unfolded={unfolded} />
        </th>
        <td role="cell" class="durations">
          <Durations row={row} earlier={earlier} />
        </td>
        {columns.metrics && (
          <td role="cell" class="metric-cell">
            <Metrics row={row} green={green} />
          </td>
        )}
        {columns.figures && (
          <td role="cell" class="figure">
            <Thumbnail row={row} read={actions.read} open={actions.open} />
          </td>
        )}
      </tr>
      {unfolded && row.result.failure && (
        <tr role="row" class={`details ${kind}`} hidden={hidden}>
          <td role="cell" colSpan={3 + Number(columns.metrics) + Number(columns.figures)} id={detailsId(row)}>
            <FailureDetails failure={row.result.failure} />
            <p class="steps">
              <button type="button" class="link" onClick={() => actions.open(row, failingCell(row))}>
                Open the notebook at this cell
              </button>
              {green && (
                <button type="button" class="link" onClick={() => actions.compare(row)}>
                  What changed since {green.step.run.name}
                </button>
              )}
            </p>
          </td>
        </tr>
      )}
    </>
  );
}

function Name({ row, actions, unfolded }: { row: Row; actions: Actions; unfolded: boolean }): JSX.Element {
  const { result } = row;
  const { folder, name } = pathOf(result);
  const title = result.parameterSet ? [name, <span class="set"> [{result.parameterSet}]</span>] : name;
  return (
    <>
      {result.outcome === null ? (
        <span class="name">{title}</span>
      ) : (
        <button type="button" class="link name" onClick={() => actions.open(row, failingCell(row))}>
          {title}
        </button>
      )}
      <span class="about">
        {[folder, result.owner, parameterWords(row)].filter(Boolean).map((text) => (
          <span key={text}>{text}</span>
        ))}
      </span>
      <Progress row={row} />
      <FailureLine row={row} whole={unfolded} />
      {result.notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      {result.failure && (
        <button
          type="button"
          class="quiet unfold"
          aria-expanded={unfolded}
          aria-controls={unfolded ? detailsId(row) : undefined}
          onClick={() => actions.toggle(row)}
        >
          {unfolded ? "Hide the code" : "Show the code"}
          <span class="unseen"> of {result.title}</span>
        </button>
      )}
    </>
  );
}

/** Which cell runs, while it runs. */
function Progress({ row }: { row: Row }): JSX.Element | null {
  const { cells, current } = row.result;
  if (kindOf(row) !== "running") return null;
  const done = cells.total ? `${cells.done} of ${count(cells.total, "cell")} done` : "";
  return <p class="progress">{[done, current].filter(Boolean).join(" · ")}</p>;
}

function failingCell({ result }: Row): string {
  return result.failure && !result.ok ? `cell-${result.failure.position}` : "";
}

function parameterWords({ result }: Row): string {
  return Object.entries(result.parameters)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ");
}

function detailsId(row: Row): string {
  return `details-${row.key}`;
}

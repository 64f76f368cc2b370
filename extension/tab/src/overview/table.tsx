import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { History, Row, Step } from "../results/model";
import type { TabIndex } from "../results/records";
import { branchName, count } from "../wording";
import { type Filter, isFiltered, type Order, ORDERS } from "./filter";
import type { Group } from "./groups";
import { countKinds, KIND_WORDS } from "./kinds";
import { type Actions, type Columns, NotebookRow } from "./row";

const NONE: readonly Row[] = [];

interface TableProps {
  groups: readonly Group[];
  columns: Columns;
  history: History | null;
  filter: Filter;
  isShown: (row: Row) => boolean;
  isUnfolded: (row: Row) => boolean;
  order: (order: Order) => void;
  actions: Actions;
}

/** Roles are said, as narrow screens show the rows as cards, and browsers take a table apart then. */
export function Table({ groups, columns, history, filter, isShown, isUnfolded, order, actions }: TableProps): JSX.Element {
  const heads = Object.keys(ORDERS) as Order[];
  const width = heads.length + Number(columns.metrics) + Number(columns.figures);
  return (
    <table role="table" class="notebooks">
      <caption class="unseen">Notebooks with their outcomes</caption>
      <thead role="rowgroup">
        <tr role="row">
          {heads.map((head) => (
            <Head key={head} head={head} filter={filter} order={order} />
          ))}
          {columns.metrics && (
            <th role="columnheader" scope="col" class="head-metrics">
              Metrics {history?.green.size ? <span class="against">against {branchName(history.branch)}</span> : ""}
            </th>
          )}
          {columns.figures && (
            <th role="columnheader" scope="col" class="head-figure">
              Last figure
            </th>
          )}
        </tr>
      </thead>
      {groups.map((group) => (
        <GroupBody key={groupKey(group)} group={group} width={width} hidden={isFiltered(filter) && !group.rows.some(isShown)}>
          {group.rows.map((row) => (
            <NotebookRow
              key={row.key}
              row={row}
              columns={columns}
              earlier={history?.rows.get(row.identity) ?? NONE}
              green={history?.green.get(row.identity)}
              unfolded={isUnfolded(row)}
              hidden={!isShown(row)}
              actions={actions}
            />
          ))}
        </GroupBody>
      ))}
    </table>
  );
}

function Head({ head, filter, order }: { head: Order; filter: Filter; order: (order: Order) => void }): JSX.Element {
  const chosen = filter.order === head;
  // Descending is what the eye sees: the longest first is descending, names from A are ascending.
  const descending = (head === "duration") !== filter.reversed;
  return (
    <th
      role="columnheader"
      scope="col"
      class={`head-${head}`}
      aria-sort={chosen ? (descending ? "descending" : "ascending") : undefined}
    >
      <button type="button" class="sort" onClick={() => order(head)}>
        {ORDERS[head]}
        <span aria-hidden="true">{chosen ? (descending ? " ↓" : " ↑") : ""}</span>
      </button>
    </th>
  );
}

interface GroupBodyProps {
  group: Group;
  /** In columns. */
  width: number;
  hidden: boolean;
  children: JSX.Element[];
}

/** Earlier attempts are folded: what counts is how the last one went. */
function GroupBody({ group, width, hidden, children }: GroupBodyProps): JSX.Element {
  const { step, rows, name } = group;
  const [shown, show] = useState(!step.superseded);
  const summary = [...countKinds(rows)].map(([kind, number]) => `${number} ${KIND_WORDS[kind].toLowerCase()}`).join(", ");
  return (
    <tbody role="rowgroup" hidden={hidden}>
      {name && (
        <tr role="row" class="group">
          <th role="rowheader" scope="rowgroup" colSpan={width}>
            {step.superseded ? (
              <button type="button" class="quiet" aria-expanded={shown} onClick={() => show(!shown)}>
                {name}, an earlier attempt
              </button>
            ) : (
              name
            )}
            <span class="about"> {summary || count(0, "notebook")}</span>
          </th>
        </tr>
      )}
      {notices(step).map((notice) => (
        <tr role="row" class="said" key={notice}>
          <td role="cell" colSpan={width}>
            {notice}
          </td>
        </tr>
      ))}
      {shown && children}
    </tbody>
  );
}

function notices({ records, abandoned }: Step<TabIndex>): string[] {
  const ending = abandoned
    ? ["This step did not finish: its agent stopped before it could say how it went. The log says more."]
    : records.cancelled
      ? ["Cancelled: what was done by then is shown."]
      : [];
  return [...ending, ...records.problems, ...records.notes];
}

function groupKey({ step }: Group): string {
  return `${step.key}~${step.context.attempt}`;
}

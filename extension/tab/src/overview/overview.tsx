import type { JSX, RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { History, Place, Results, Row } from "../results/model";
import type { Attachment } from "../source";
import { count } from "../wording";
import { type Filter, filterText, found, isFiltered, parseFilter, sorted } from "./filter";
import { grouped } from "./groups";
import { Icon } from "./icon";
import { countKinds, kindOf } from "./kinds";
import "./overview.css";
import type { Actions, Columns } from "./row";
import { sentence } from "./sentence";
import { Table } from "./table";
import { Toolbar } from "./toolbar";

export interface OverviewProps {
  results: Results;
  history: History | null;
  place: Place;
  go: (place: Place) => void;
  read: (attachment: Attachment) => Promise<Blob>;
}

/** So few failures are shown with their code, so that nothing has to be opened to see why. */
const FEW = 3;

/** All notebooks of a run, what went wrong first. */
export function Overview({ results, history, place, go, read }: OverviewProps): JSX.Element | null {
  const [filter, change] = useFilter(place, go);
  const [toggled, toggle] = useState<ReadonlyMap<string, boolean>>(new Map());
  const current = useMemo(() => results.rows.filter((row) => !row.step.superseded), [results]);
  const counts = useMemo(() => countKinds(current), [current]);
  const { order, reversed } = filter;
  const groups = useMemo(
    () => grouped(results.notebooks, sorted(results.rows, order, reversed), order === "outcome" && !reversed),
    [results, order, reversed],
  );
  const shown = useMemo(() => found(results.rows, filter), [results, filter]);
  const columns = useMemo(() => columnsOf(results.rows), [results]);
  const isUnfolded = (row: Row) =>
    toggled.get(row.key) ?? (kindOf(row) === "failed" && !row.step.superseded && (counts.get("failed") ?? 0) <= FEW);
  const latest = useRef<Actions>(null);
  latest.current = {
    read,
    open: (row, cell) => go({ filter: filterText(filter), notebook: row.key, cell, view: "page" }),
    compare: (row) => go({ filter: filterText(filter), notebook: row.key, cell: "", view: "changes" }),
    toggle: (row) => toggle(new Map(toggled).set(row.key, !isUnfolded(row))),
  };
  const actions = useMemo(() => lasting(latest as RefObject<Actions>), []);

  if (!results.rows.length) return <Nothing results={results} />;
  const kind = [...counts.keys()][0] ?? "passed";
  return (
    <section class="overview" aria-label="Notebooks">
      <h1 class={kind}>
        <Icon kind={kind} /> <span role="status">{sentence(counts, results.run.running)}</span>
      </h1>
      <Toolbar filter={filter} change={change} counts={counts} />
      <p class="unseen" role="status">
        {isFiltered(filter) ? `${count(shown.size, "notebook")} shown` : ""}
      </p>
      <Table
        groups={groups}
        columns={columns}
        history={history}
        filter={filter}
        isShown={(row) => shown.has(row)}
        isUnfolded={isUnfolded}
        order={(chosen) => change({ order: chosen, reversed: chosen === order && !reversed })}
        actions={actions}
      />
      {!shown.size && isFiltered(filter) && (
        <p class="nothing">
          No notebook is like this.{" "}
          <button type="button" class="link" onClick={() => change({ search: "", kind: null })}>
            Show all
          </button>
        </p>
      )}
    </section>
  );
}

function columnsOf(rows: readonly Row[]): Columns {
  return {
    metrics: rows.some((row) => Object.keys(row.result.scraps).length > 0),
    figures: rows.some((row) => row.result.thumbnail?.attachment),
  };
}

/** The same object for as long as the table is there, so that rows can tell that nothing has changed. */
function lasting(latest: RefObject<Actions>): Actions {
  return {
    read: (attachment) => latest.current.read(attachment),
    open: (row, cell) => latest.current.open(row, cell),
    compare: (row) => latest.current.compare(row),
    toggle: (row) => latest.current.toggle(row),
  };
}

/** Why there is no table. Of a run that has only checks, those say enough. */
function Nothing({ results }: { results: Results }): JSX.Element | null {
  if (results.checks.length || results.faults.length) return null;
  return (
    <section class="overview" aria-label="Notebooks">
      <p class="nothing" role="status">
        {results.run.running ? (
          "No results yet. They appear here as soon as the first notebook is begun."
        ) : results.notebooks.length ? (
          "No notebooks were run."
        ) : (
          <>
            This run has no results of notebooks: either it ended before the step that runs them, or that step's input{" "}
            <code>publish</code> leaves out <code>tab</code>.
          </>
        )}
      </p>
    </section>
  );
}

const PAUSE = 300; // milliseconds without a key: not every letter is worth an address

/** Kept in the place, which changes from outside as well: by a link, or by going back. */
function useFilter(place: Place, go: (place: Place) => void): [Filter, (part: Partial<Filter>) => void] {
  const [filter, keep] = useState(() => parseFilter(place.filter));
  const told = useRef(place.filter);
  const here = useRef(place);
  here.current = place;
  useEffect(() => {
    if (place.filter === told.current) return;
    told.current = place.filter;
    keep(parseFilter(place.filter));
  }, [place.filter]);
  useEffect(() => {
    const text = filterText(filter);
    if (text === place.filter) return;
    const timer = setTimeout(() => {
      told.current = text;
      go({ ...here.current, filter: text });
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [filter, place.filter]);
  return [filter, (part) => keep((before) => ({ ...before, ...part }))];
}

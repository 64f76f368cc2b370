import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { History, Place, Results, Row } from "../results/model";
import type { Attachment } from "../source";
import { count } from "../wording";
import { type Filter, filterText, parseFilter, searched, sorted } from "./filter";
import { grouped } from "./groups";
import { Icon } from "./icon";
import { countKinds, kindOf } from "./kinds";
import "./overview.css";
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
  const groups = useMemo(() => {
    const found = sorted(searched(results.rows, filter.search), filter.order, filter.reversed);
    const shown = filter.kind ? found.filter((row) => kindOf(row) === filter.kind) : found;
    const all = grouped(results.notebooks, shown, filter.order === "outcome" && !filter.reversed);
    return filter.kind || filter.search ? all.filter((group) => group.rows.length) : all;
  }, [results, filter]);

  if (!results.rows.length) return <Nothing results={results} />;
  const isUnfolded = (row: Row) =>
    toggled.get(row.key) ?? (kindOf(row) === "failed" && !row.step.superseded && (counts.get("failed") ?? 0) <= FEW);
  const here = { ...place, filter: filterText(filter) };
  const shown = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const kind = [...counts.keys()][0] ?? "passed";
  return (
    <section class="overview" aria-label="Notebooks">
      <h1 class={kind}>
        <Icon kind={kind} /> <span role="status">{sentence(counts, results.run.running)}</span>
      </h1>
      <Toolbar filter={filter} change={change} counts={counts} />
      <p class="unseen" role="status">
        {filter.search || filter.kind ? `${count(shown, "notebook")} shown` : ""}
      </p>
      {shown || !(filter.search || filter.kind) ? (
        <Table
          groups={groups}
          columns={{
            metrics: results.rows.some((row) => Object.keys(row.result.scraps).length > 0),
            figures: results.rows.some((row) => row.result.thumbnail?.attachment),
          }}
          history={history}
          filter={filter}
          isUnfolded={isUnfolded}
          order={(order) => change({ order, reversed: order === filter.order && !filter.reversed })}
          actions={{
            read,
            open: (row, cell) => go({ ...here, notebook: row.key, cell, view: "page" }),
            compare: (row) => go({ ...here, notebook: row.key, cell: "", view: "changes" }),
            toggle: (row) => toggle(new Map(toggled).set(row.key, !isUnfolded(row))),
          }}
        />
      ) : (
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

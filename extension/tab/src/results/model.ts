/** What the views show: attachments brought together, of all stages, jobs and attempts of a run. */

import type { Attachment, Run } from "../source";
import type { TabChecks, TabContext, TabIndex, TabResult } from "./records";

/** What one step has left, as far as it has come. */
export interface Step<Records extends TabIndex | TabChecks> {
  /** The same in every attempt and every run of the pipeline. */
  key: string;
  context: TabContext;
  records: Records;
  run: Run;
  /** The run's attachments by their names; what is not there yet may come while the run goes on. */
  attachments: ReadonlyMap<string, Attachment>;
  /** Whether a later attempt of the same step has results. */
  superseded: boolean;
  /** Whether it never said that it has finished, though its run has ended: its unfinished results will stay so. */
  abandoned: boolean;
}

/** One notebook with one parameter set. */
export interface Row {
  /** Unique within the run, stable when it is read again: what links lead to. */
  key: string;
  /** The same in every run of the pipeline. */
  identity: string;
  step: Step<TabIndex>;
  result: TabResult;
}

/** A file of results that cannot be shown. */
export interface Fault {
  attachment: string;
  /** For people: what it is, why it is not shown, what to do. */
  sentence: string;
}

/** All that is known of a run. Steps in the order in which they began; of a step, its latest attempt first. */
export interface Results {
  run: Run;
  notebooks: Step<TabIndex>[];
  checks: Step<TabChecks>[];
  /** Of all steps with notebooks, those of earlier attempts too. */
  rows: Row[];
  faults: Fault[];
}

/** What the same notebook did in earlier runs. */
export interface History {
  /** The branch whose runs these are. */
  branch: string;
  /** By a row's identity, the newest first. */
  rows: ReadonlyMap<string, readonly Row[]>;
  /** By a row's identity: the newest one that was as expected; there is none for a new notebook. */
  green: ReadonlyMap<string, Row>;
  /** Whether all runs that are to be looked at have been read. */
  complete: boolean;
}

/** Where a person is; kept in the page's address. */
export interface Place {
  /** A row's key; empty for the overview. */
  notebook: string;
  /** `cell-3`, an anchor of the notebook's page; empty for its beginning. */
  cell: string;
  /** What is shown of the notebook. */
  view: "page" | "changes";
  /** Of the overview: the search, and what else its table keeps. */
  filter: string;
}

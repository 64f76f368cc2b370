/* Written by scripts/tab_types.py from src/amltasks/report/tab_records.py. */

/**
 * How far a result has come while its step still runs.
 */
export type TabState = "planned" | "running" | "finished";
/**
 * What became of one notebook with one parameter set.
 */
export type Outcome =
  "passed" | "failed" | "timedOut" | "kernelDied" | "kernelMissing" | "invalid" | "cancelled" | "notRun";
/**
 * What became of one code cell.
 */
export type CellOutcome =
  | "passed"
  | "failed"
  | "expectedError"
  | "endedEarly"
  | "timedOut"
  | "kernelDied"
  | "cancelled"
  | "skipped"
  | "notExecuted";
export type ArtefactKind = "ipynb" | "html" | "log" | "images";
export type CellKind = "code" | "markdown" | "raw";
export type OutputKind = "text" | "error" | "image" | "other";
export type CheckOutcome = "passed" | "failed" | "unknown" | "notRun";

/**
 * Every kind of file that the tab parses, for whoever makes types of them.
 */
export interface TabAttachments {
  index: TabIndex;
  cells: CellsRecord;
  checks: TabChecks;
}
/**
 * The results of one step. finished_at: None while it runs.
 *
 * number: grows from one state to the next, also when the agent tries the step again: the greatest one counts, were it
 * of a progress beside an index of an earlier try.
 * problems: what could not be published, a sentence each. notes: what else a person should know.
 */
export interface TabIndex {
  version: 1;
  number: number;
  context: TabContext;
  title: string;
  startedAt: string;
  finishedAt: string | null;
  cancelled: boolean;
  problems: string[];
  notes: string[];
  results: TabResult[];
}
/**
 * Where these results come from. step: the task's reference name, or its instance's id. task: RunNotebookOnAML, …
 *
 * branch: as `refs/heads/main`. target_branch: of a pull request's build, the branch that it is to be merged into.
 */
export interface TabContext {
  task: string;
  stage: string;
  job: string;
  attempt: number;
  step: string;
  branch: string;
  targetBranch: string;
  commit: string;
}
/**
 * One notebook with one parameter set, as the tab lists it. ok: whether the outcome is the expected one.
 *
 * outcome: None as long as it is not finished. current: the title of the cell that runs. parameters: as they are
 * shown. scraps: numbers, truth values and short texts that the notebook recorded. studio: the address of the job's
 * page, where it ran on Azure Machine Learning. record: the attachment with its cells. thumbnail: its last figure.
 */
export interface TabResult {
  runId: string;
  title: string;
  notebook: string;
  parameterSet: string;
  parameters: {
    [k: string]: string;
  };
  state: TabState;
  outcome: Outcome | null;
  expectedOutcome: Outcome;
  ok: boolean;
  message: string;
  notes: string[];
  startedAt: string | null;
  duration: number;
  peakMemory: number | null;
  owner: string;
  environment: string;
  job: string;
  studio: string;
  reusedFrom: Origin | null;
  cells: TabCounts;
  current: string;
  failure: TabFailure | null;
  scraps: {
    [k: string]: number | boolean | string;
  };
  record: string;
  thumbnail: TabFile | null;
  files: TabFile[];
}
/**
 * The run that a result comes from. build: its number, url: its page; empty outside of pipelines. at: its start.
 *
 * An address that could be anything else in a page or a log is left out.
 */
export interface Origin {
  build: string;
  url: string;
  at: string;
}
/**
 * Code cells of a notebook: all that were to be executed, those that have been.
 */
export interface TabCounts {
  total: number;
  done: number;
}
/**
 * The cell that decided the outcome. position: 0-based in the executed notebook. number: `[3]`, or empty.
 *
 * excerpt: the lines around the one that raised. first_line: of the excerpt in the cell, 1-based. line: the one that
 * raised, 1-based in the cell, where the traceback says so. text: the last lines of the traceback.
 */
export interface TabFailure {
  position: number;
  number: string;
  title: string;
  outcome: CellOutcome;
  errorName: string;
  errorValue: string;
  excerpt: string;
  firstLine: number;
  line: number | null;
  text: string;
}
/**
 * A file of a result. attachment: its name among the attachments, empty where it was too large for one.
 */
export interface TabFile {
  kind: ArtefactKind;
  name: string;
  attachment: string;
  size: number;
  note: string;
}
/**
 * What a notebook's cells held, bounded, for the comparison with another run. note: what was left out, and why.
 */
export interface CellsRecord {
  version: 1;
  runId: string;
  note: string;
  cells: RecordedCell[];
}
/**
 * A cell. id: nbformat's, empty in old notebooks. position: 0-based in the executed notebook.
 */
export interface RecordedCell {
  position: number;
  id: string;
  kind: CellKind;
  number: string;
  heading: string;
  source: string;
  cut: number;
  outcome: CellOutcome | null;
  startedAt: string | null;
  duration: number | null;
  outputs: RecordedOutput[];
}
/**
 * An output, as far as it is compared. digest: of the whole, so that what is cut is known to differ.
 *
 * name: the stream's or the error's. cut: how many characters are left out of the text. image: base64, empty where
 * the picture is too large or no PNG, JPEG, GIF or WebP; mime: of what the digest is.
 */
export interface RecordedOutput {
  kind: OutputKind;
  name: string;
  text: string;
  cut: number;
  mime: string;
  image: string;
  digest: string;
}
/**
 * What a step that registers, deploys or tests a model has looked at. verdict: one sentence.
 *
 * finished_at: None while it runs; number: grows from one state to the next; current: what is done now.
 * metrics: of a gate. rollout: the moves in their order; deployments: what each serves, `name:version`. chain: how the
 * model came to be, the oldest first. facts: name → value: model, endpoint, …
 */
export interface TabChecks {
  version: 1;
  number: number;
  context: TabContext;
  title: string;
  verdict: string;
  startedAt: string;
  finishedAt: string | null;
  cancelled: boolean;
  current: string;
  checks: TabCheck[];
  metrics: ComparedMetric[];
  rollout: RolloutMove[];
  deployments: {
    [k: string]: string;
  };
  chain: ChainLink[];
  notes: string[];
  problems: string[];
  facts: {
    [k: string]: string;
  };
}
/**
 * A gate's rule, a request of a smoke test, a step of a rollout. files: attachments, as those of results.
 */
export interface TabCheck {
  name: string;
  group: string;
  outcome: CheckOutcome;
  message: string;
  details: string;
  startedAt: string | null;
  duration: number;
  files: TabFile[];
}
/**
 * A metric of a new model beside the champion's, None where there is no number.
 *
 * rule: what is asked of it, in words, and verdict: a word of the gate; both empty where nothing is. where: the
 * numbers were found.
 */
export interface ComparedMetric {
  name: string;
  new: number | null;
  champion: number | null;
  rule: string;
  verdict: string;
  where: string[];
}
/**
 * What was done or seen in a rollout. at: when it was over, duration: how long it took.
 *
 * traffic: percent by deployment, from then on. good: whether it came out well. requests, error_rate (0 to 1) and
 * p95 (seconds): of those that were sent to look, None where none were.
 */
export interface RolloutMove {
  at: string;
  step: string;
  traffic: {
    [k: string]: number;
  };
  good: boolean;
  requests: number;
  errorRate: number | null;
  p95: number | null;
  verdict: string;
  duration: number;
}
/**
 * Of how a model came to where it is: `Data`, `Run`, `Model`, `Endpoint`, the first of them the oldest.
 *
 * facts: name → value, what else is known of it.
 */
export interface ChainLink {
  kind: string;
  name: string;
  facts: {
    [k: string]: string;
  };
}

/** A test result's notebook: in the results of the build or release that it belongs to, else its own attachments. */

import { getClient } from "azure-devops-extension-api";
import { type TestAttachment, type TestCaseResult, TestRestClient, type TestRun } from "azure-devops-extension-api/Test";
import type { Results, Row } from "../results/model";
import type { ArtefactKind, Outcome, TabContext, TabFile, TabIndex, TabResult } from "../results/records";
import { collate } from "../results/collating";
import { completedIndex } from "../results/completing";
import { type Attachment, type Run, type Source, SourceError } from "../source";
import { answer } from "./errors";
import { BuildSource } from "./build";
import { ReleaseSource } from "./release";

const NOTEBOOK = "Jupyter"; // the automated test's type
const OUTCOMES: Partial<Record<string, Outcome>> = {
  Passed: "passed",
  Failed: "failed",
  Timeout: "timedOut",
  Aborted: "cancelled",
  NotExecuted: "notRun",
};
const KINDS: Partial<Record<string, ArtefactKind>> = { html: "html", ipynb: "ipynb", log: "log", png: "images" };
const CUT = " … (cut)"; // how names end that were too long for a test
const OWN = "test-result/"; // how addresses of its own attachments begin

/** Its source is that of the run that it belongs to. */
export class TestResult implements Source {
  readonly #tests = getClient(TestRestClient);

  private constructor(
    private readonly project: string,
    private readonly testRun: TestRun,
    private readonly result: TestCaseResult,
    private readonly base: Source,
  ) {}

  static async open(project: string, runId: number, resultId: number): Promise<TestResult> {
    const tests = getClient(TestRestClient);
    const [run, result] = await Promise.all([
      answer("the test run", tests.getTestRunById(project, runId, true)),
      answer("the test result", tests.getTestResultById(project, runId, resultId)),
    ]);
    return new TestResult(project, run, result, sourceOf(project, run));
  }

  get isNotebook(): boolean {
    return this.result.automatedTestType === NOTEBOOK;
  }

  /** Its row among the results of its run; where several could be it, that of its own job, its own step, the latest. */
  row({ rows }: Results): Row | undefined {
    const same = rows.filter(({ result }) => this.#isOf(result));
    const inJob = narrowed(same, ({ step }) => this.#isIn(step.context));
    const inStep = narrowed(inJob, ({ step }) => step.records.title === this.testRun.name);
    return narrowed(inStep, ({ step }) => !step.superseded)[0];
  }

  /** What its own attachments show, where the run has no results. */
  async alone(run: Run): Promise<Results> {
    const listed = await answer(
      "the test's attachments",
      this.#tests.getTestResultAttachments(this.project, this.testRun.id, this.result.id),
    );
    const attachments = listed.map(({ id, fileName }) => ({ name: fileName, run, address: `${OWN}${id}` }));
    const read = { kind: "notebooks" as const, stem: OWN, records: this.#index(listed) };
    return collate(run, [read], new Map(attachments.map((attachment) => [attachment.name, attachment])), []);
  }

  async read(attachment: Attachment): Promise<Blob> {
    if (!attachment.address.startsWith(OWN)) return this.base.read(attachment);
    const id = Number(attachment.address.slice(OWN.length));
    const content = this.#tests.getTestResultAttachmentContent(this.project, this.testRun.id, this.result.id, id);
    return new Blob([await answer(attachment.name, content)]);
  }

  run(): Promise<Run> {
    return this.base.run();
  }

  attachments(run: Run): Promise<Attachment[]> {
    return this.base.attachments(run);
  }

  defaultBranch(): Promise<string> {
    return this.base.defaultBranch();
  }

  earlier(branch: string, before: Run, count: number): Promise<Run[]> {
    return this.base.earlier(branch, before, count);
  }

  /** Tests are called by the title, with the run's id where two have the same; very long names are cut. */
  #isOf({ notebook, runId, title }: TabResult): boolean {
    const { automatedTestName: name, automatedTestStorage: storage } = this.result;
    const isNamed = name === title || name.endsWith(` (${runId})`) || isCut(name, title);
    return isNamed && (storage === notebook || isCut(storage, notebook));
  }

  #isIn({ stage, job, attempt }: TabContext): boolean {
    const { stageReference, phaseReference, jobReference } = this.testRun.pipelineReference ?? {};
    if (!stageReference || !jobReference) return false;
    const names = [phaseReference?.phaseName, jobReference.jobName].filter((name) => name && name !== "__default");
    const attempts = [stageReference, phaseReference, jobReference].map((reference) => reference?.attempt ?? 1);
    return stageReference.stageName === stage && names.join(" ") === job && Math.max(...attempts) === attempt;
  }

  #index(attachments: readonly TestAttachment[]): TabIndex {
    const { automatedTestName, automatedTestStorage, startedDate, completedDate, outcome } = this.result;
    const started = (startedDate ?? this.testRun.startedDate ?? new Date(0)).toISOString();
    const result: Partial<TabResult> = {
      runId: automatedTestName,
      title: this.result.testCaseTitle || automatedTestName,
      notebook: automatedTestStorage,
      outcome: OUTCOMES[outcome] ?? "failed",
      ok: outcome === "Passed",
      message: this.result.errorMessage ?? "",
      startedAt: started,
      duration: (this.result.durationInMs ?? 0) / 1000,
      owner: this.result.owner?.displayName ?? "",
      files: attachments.flatMap(fileOf),
    };
    const index = {
      context: { task: "", stage: "", job: "", attempt: 1, step: "", branch: "", targetBranch: "", commit: "" },
      title: this.testRun.name,
      startedAt: started,
      finishedAt: (completedDate ?? new Date(0)).toISOString(),
      results: [result],
    };
    return completedIndex(index);
  }
}

function sourceOf(project: string, run: TestRun): Source {
  if (Number(run.build?.id)) return new BuildSource(project, Number(run.build.id));
  if (run.release?.id) return new ReleaseSource(project, run.release.id);
  throw new SourceError("This test belongs to no run of a pipeline: open its attachments instead.");
}

/** Those that are so; all where none is. */
function narrowed<Item>(items: readonly Item[], isSo: (item: Item) => boolean): readonly Item[] {
  const found = items.filter(isSo);
  return found.length ? found : items;
}

function isCut(name: string, whole: string): boolean {
  return name.endsWith(CUT) && whole.startsWith(name.slice(0, -CUT.length));
}

function fileOf({ fileName, size }: TestAttachment): TabFile[] {
  const kind = KINDS[fileName.split(".").at(-1) ?? ""];
  return kind ? [{ kind, name: fileName, attachment: fileName, size, note: "" }] : [];
}

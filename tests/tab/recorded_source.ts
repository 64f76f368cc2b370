/** Runs that a test has recorded, as the tab's views read them. */

import { type Attachment, type Run, type Source, SourceError } from "../../extension/tab/src/source";

interface RecordedRun {
  id: number;
  name: string;
  branch: string;
  running: boolean;
  /** Base64 by attachments' names; or a beginning, a number and what follows as many times, for what is too long to send. */
  files: Record<string, string>;
}

export interface Recording {
  defaultBranch: string;
  /** The newest first; the page shows the first. */
  runs: RecordedRun[];
}

/** What was asked of the recording, in order: `earlier main`, `list 7`, `read 7 name`; and how many at a time. */
export class RecordedSource implements Source {
  readonly asked: string[] = [];
  mostRunsAtOnce = 0;
  /** The attachment that cannot be read. */
  failing = "";
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
      if (name === this.failing) throw new SourceError("The service did not answer: try again in a minute.");
      const content = this.#recorded(run).files[name]!;
      const long = /^(?<beginning>.*)\0(?<times>\d+)\0(?<again>.*)$/s.exec(content)?.groups;
      if (long) return new Blob([long["beginning"]!, long["again"]!.repeat(Number(long["times"]))]);
      return new Blob([Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0))]);
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

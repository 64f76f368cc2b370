/** Where the tab's data come from. A build, a test result's build, a release: each has a module that answers this. */

/** A run of a pipeline: a build or a release. */
export interface Run {
  id: number;
  /** As people call it: `20261121.3`. */
  name: string;
  /** Its page; empty where it is not known. */
  address: string;
  /** As `refs/heads/main`; empty where there is none. */
  branch: string;
  running: boolean;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** An attachment of type `amltasks.notebooks`; its name is unique within its run. */
export interface Attachment {
  name: string;
  run: Run;
  /** What the source needs to find it again. */
  address: string;
}

/** All methods reject with a SourceError. */
export interface Source {
  /** The run that the page shows, asked anew each time. */
  run(): Promise<Run>;
  attachments(run: Run): Promise<Attachment[]>;
  read(attachment: Attachment): Promise<Blob>;
  /** The branch that the repository takes for its main one; empty where that is not known. */
  defaultBranch(): Promise<string>;
  /** Runs of the same pipeline that have ended, on that branch, begun before `before`: the newest first. */
  earlier(branch: string, before: Run, count: number): Promise<Run[]>;
}

/** Why something could not be had; its message is a sentence for people that says what to do. */
export class SourceError extends Error {
  override readonly name = "SourceError";

  /** missing: whether it is only not there, perhaps not yet. */
  constructor(
    message: string,
    readonly missing = false,
  ) {
    super(message);
  }
}

/** A build's attachments, and those of earlier builds of its pipeline. */

import { getClient } from "azure-devops-extension-api";
import { type Build, BuildQueryOrder, BuildRestClient, BuildStatus } from "azure-devops-extension-api/Build";
import { type Attachment, type Run, type Source, SourceError } from "../source";
import { href, timelineRecord, TYPE, webAddress } from "./addresses";
import { answer } from "./errors";

export class BuildSource implements Source {
  readonly #builds = getClient(BuildRestClient);
  #definition: Promise<number> | null = null;

  /** project: its id or name. */
  constructor(
    private readonly project: string,
    private readonly id: number,
  ) {}

  async run(): Promise<Run> {
    return runOf(await this.#build());
  }

  async attachments(run: Run): Promise<Attachment[]> {
    const listed = await answer(
      `the list of results of ${run.name}`,
      this.#builds.getAttachments(this.project, run.id, TYPE),
    );
    return listed.map(({ name, _links }) => {
      const address = href(_links, "self");
      if (!timelineRecord(address)) {
        throw new SourceError(`Azure DevOps does not say where ${name} is (${address}): the page needs a newer version.`);
      }
      return { name, run, address };
    });
  }

  async read({ name, run, address }: Attachment): Promise<Blob> {
    const at = timelineRecord(address);
    if (!at) throw new SourceError(`${name} is not a build's: reload the page.`);
    const content = this.#builds.getAttachment(this.project, run.id, at.timeline, at.record, TYPE, name);
    return new Blob([await answer(name, content)]);
  }

  async defaultBranch(): Promise<string> {
    const definition = this.#builds.getDefinition(this.project, await this.#definitionId());
    return (await answer("the pipeline", definition)).repository?.defaultBranch ?? "";
  }

  async earlier(branch: string, before: Run, count: number): Promise<Run[]> {
    const found = await answer(
      `the earlier builds of ${branch}`,
      this.#builds.getBuilds(
        this.project,
        [await this.#definitionId()],
        undefined,
        undefined,
        undefined,
        latestStart(before),
        undefined,
        undefined,
        BuildStatus.Completed,
        undefined,
        undefined,
        undefined,
        count + 1, // itself may be among them
        undefined,
        undefined,
        undefined,
        BuildQueryOrder.StartTimeDescending,
        branch,
      ),
    );
    return found
      .filter(({ id }) => id !== before.id)
      .slice(0, count)
      .map(runOf);
  }

  async #build(): Promise<Build> {
    const build = await answer("the build", this.#builds.getBuild(this.project, this.id));
    this.#definition ??= Promise.resolve(build.definition.id);
    return build;
  }

  #definitionId(): Promise<number> {
    this.#definition ??= this.#build().then((build) => build.definition.id);
    return this.#definition;
  }
}

function runOf(build: Build): Run {
  return {
    id: build.id,
    name: build.buildNumber,
    address: webAddress(build._links),
    branch: build.sourceBranch ?? "",
    running: build.status !== BuildStatus.Completed,
    startedAt: build.startTime ?? null,
    finishedAt: build.finishTime ?? null,
  };
}

/** The service's times are finer than a Date: cut, they would leave out what began in the same millisecond. */
function latestStart({ startedAt }: Run): Date | undefined {
  return startedAt ? new Date(startedAt.getTime() + 1) : undefined;
}

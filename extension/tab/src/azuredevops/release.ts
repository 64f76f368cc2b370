/** A classic release's attachments: of all its stages, their deployments and the phases of these. */

import { getClient } from "azure-devops-extension-api";
import {
  type Artifact,
  EnvironmentStatus,
  type Release,
  ReleaseQueryOrder,
  ReleaseRestClient,
} from "azure-devops-extension-api/Release";
import { inParallel } from "../results/in-parallel";
import type { Attachment, Run, Source } from "../source";
import { TYPE, webAddress } from "./addresses";
import { answer } from "./errors";

const AT_ONCE = 4;
const BUSY = EnvironmentStatus.InProgress | EnvironmentStatus.Queued;

/** One phase of one deployment to a stage: what the service lists attachments by. */
interface Plan {
  environment: number;
  attempt: number;
  plan: string;
}

interface Address extends Plan {
  timeline: string;
  record: string;
}

export class ReleaseSource implements Source {
  readonly #releases = getClient(ReleaseRestClient);

  /** project: its id or name. */
  constructor(
    private readonly project: string,
    private readonly id: number,
  ) {}

  async run(): Promise<Run> {
    return runOf(await this.#release(this.id));
  }

  async attachments(run: Run): Promise<Attachment[]> {
    const found: Attachment[] = [];
    await inParallel(AT_ONCE, plansOf(await this.#release(run.id)), async (at) => {
      const { environment, attempt, plan } = at;
      const listed = await answer(
        `the list of results of ${run.name}`,
        this.#releases.getReleaseTaskAttachments(this.project, run.id, environment, attempt, plan, TYPE),
      );
      for (const { name, timelineId, recordId } of listed) {
        const address: Address = { ...at, timeline: timelineId, record: recordId };
        found.push({ name, run, address: JSON.stringify(address) });
      }
    });
    return found;
  }

  async read({ name, run, address }: Attachment): Promise<Blob> {
    const at = JSON.parse(address) as Address;
    const content = this.#releases.getReleaseTaskAttachmentContent(
      this.project,
      run.id,
      at.environment,
      at.attempt,
      at.plan,
      at.timeline,
      at.record,
      TYPE,
      name,
    );
    return new Blob([await answer(name, content)]);
  }

  /** A release has no repository of its own. */
  async defaultBranch(): Promise<string> {
    return "";
  }

  async earlier(branch: string, before: Run, count: number): Promise<Run[]> {
    const { releaseDefinition } = await this.#release(before.id);
    const found = await answer(
      "the earlier releases",
      this.#releases.getReleases(
        this.project,
        releaseDefinition.id,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        before.startedAt ?? undefined, // the latest start
        ReleaseQueryOrder.Descending,
        count + 1, // itself may be among them
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        branch || undefined,
      ),
    );
    return found
      .filter(({ id }) => id !== before.id)
      .slice(0, count)
      .map(runOf);
  }

  #release(id: number): Promise<Release> {
    return answer("the release", this.#releases.getRelease(this.project, id));
  }
}

function plansOf(release: Release): Plan[] {
  return release.environments.flatMap(({ id, deploySteps }) =>
    (deploySteps ?? []).flatMap(({ attempt, releaseDeployPhases }) =>
      (releaseDeployPhases ?? [])
        .filter(({ runPlanId }) => runPlanId)
        .map(({ runPlanId }) => ({ environment: id, attempt, plan: runPlanId })),
    ),
  );
}

/** Whether a stage is being deployed to, or is about to be. */
export function isRunning({ environments }: Release): boolean {
  return (environments ?? []).some(({ status }) => (status & BUSY) !== 0);
}

function runOf(release: Release): Run {
  const running = isRunning(release);
  return {
    id: release.id,
    name: release.name,
    address: webAddress(release._links),
    branch: branchOf(release.artifacts ?? []),
    running,
    startedAt: release.createdOn ?? null,
    finishedAt: running ? null : (release.modifiedOn ?? null),
  };
}

/** Of what the release is made of: its primary artifact's. */
function branchOf(artifacts: readonly Artifact[]): string {
  const primary = artifacts.find(({ isPrimary }) => isPrimary) ?? artifacts[0];
  return primary?.definitionReference["branch"]?.id ?? "";
}

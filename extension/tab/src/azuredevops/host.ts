/** The page of Azure DevOps around this one: what it shows, and its address. */

import * as SDK from "azure-devops-extension-sdk";
import { CommonServiceIds, type IHostNavigationService, type IProjectPageService } from "azure-devops-extension-api";
import { type Build, BuildServiceIds, BuildStatus, type IBuildPageDataService } from "azure-devops-extension-api/Build";
import type { Release } from "azure-devops-extension-api/Release";
import { type Source, SourceError } from "../source";
import { BuildSource } from "./build";
import { isRunning, ReleaseSource } from "./release";
import { TestResult } from "./test-result";

const TEST_TAB = ".notebook-test-tab";
const RELEASE_TAB = ".notebooks-release-tab";
const ANSWER_MS = 10_000; // for a page to say what it shows

/** What the page is about. */
export interface Subject {
  source: Source;
  /** null where all of the run's notebooks are shown. */
  test: TestResult | null;
  /** Told whenever the page says whether its run is running. */
  onChange(told: (running: boolean) => void): void;
}

/** What pages hand over with the hand-shake; which of it depends on the page. */
interface Configuration {
  onBuildChanged?: (told: (build: Build) => void) => void;
  onReleaseChanged?: (told: (release: Release) => void) => void;
  releaseEnvironment?: { releaseId: number };
  runId?: number | string;
  resultId?: number | string;
}

/** Rejects with a SourceError. */
export async function subject(): Promise<Subject> {
  const contribution = SDK.getContributionId();
  const configuration = SDK.getConfiguration() as Configuration;
  const project = await projectId();
  if (contribution.endsWith(TEST_TAB)) {
    const test = await TestResult.open(project, ...testIds(configuration));
    return { source: test, test, onChange: () => undefined };
  }
  if (contribution.endsWith(RELEASE_TAB)) {
    return {
      source: new ReleaseSource(project, await releaseId(configuration)),
      test: null,
      onChange: (told) => configuration.onReleaseChanged?.((release) => told(isRunning(release))),
    };
  }
  return {
    source: new BuildSource(project, await buildId(configuration)),
    test: null,
    onChange: (told) => configuration.onBuildChanged?.(({ status }) => told(status !== BuildStatus.Completed)),
  };
}

/** null where the page has no address that this one may change. */
export async function navigation(): Promise<IHostNavigationService | null> {
  return service<IHostNavigationService>(CommonServiceIds.HostNavigationService);
}

async function projectId(): Promise<string> {
  const known = SDK.getWebContext()?.project;
  if (known) return known.id;
  const pages = await service<IProjectPageService>(CommonServiceIds.ProjectPageService);
  const project = await pages?.getProject();
  if (!project) throw unsaid("which project it belongs to");
  return project.id;
}

/** Newer pages have a service that is asked; older ones tell whoever listens, now and at each change. */
async function buildId({ onBuildChanged }: Configuration): Promise<number> {
  const asked = async () => {
    const pages = await service<IBuildPageDataService>(BuildServiceIds.BuildPageDataService);
    return (await pages?.getBuildPageData())?.build;
  };
  const ways = [asked(), first(onBuildChanged)].map(async (way) => {
    const build = await way;
    if (!build) throw unsaid("which build it shows");
    return build.id;
  });
  return Promise.any(ways).catch(() => Promise.reject(unsaid("which build it shows")));
}

async function releaseId({ onReleaseChanged, releaseEnvironment }: Configuration): Promise<number> {
  const id = releaseEnvironment?.releaseId ?? (await first(onReleaseChanged))?.id;
  if (!id) throw unsaid("which release it shows");
  return id;
}

function testIds({ runId, resultId }: Configuration): [number, number] {
  if (!Number(runId) || !Number(resultId)) throw unsaid("which test it shows");
  return [Number(runId), Number(resultId)];
}

/** A service of the page; null where it has none of this name. */
async function service<Service>(id: string): Promise<Service | null> {
  return await Promise.race([SDK.getService<Service>(id).catch(() => null), nothing()]);
}

/** What a page tells first; undefined where it tells nothing. */
async function first<Told>(listen: ((told: (what: Told) => void) => void) | undefined): Promise<Told | undefined> {
  if (!listen) return undefined;
  return (await Promise.race([new Promise<Told>((resolve) => listen(resolve)), nothing()])) ?? undefined;
}

function nothing(): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), ANSWER_MS));
}

function unsaid(what: string): SourceError {
  return new SourceError(`The page of Azure DevOps does not say ${what}: reload it.`);
}

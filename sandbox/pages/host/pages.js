// What a page tells its extension of itself: by a service, and by the configuration that the hand-shake brings.

const DIALECT = "enumsAsNumbers=true;msDateFormat=true;noArrayWrap=true";
const POLLING_MS = 2000;
const COMPLETED = 2; // of a build's status

/** The page's services and configuration. data.page.kind says which page it is. */
export async function pageOf(data) {
  const { kind } = data.page;
  if (kind === "build") return buildPage(data);
  if (kind === "result") return resultPage(data);
  throw new Error(`There is no page of the kind ${kind}.`);
}

/** A build's page follows its build: by `onBuildChanged` an extension hears of it anew until it is completed. */
async function buildPage(data) {
  let build = await read(data, `build/builds/${data.page.build}`);
  const listeners = [];
  async function follow() {
    build = await read(data, `build/builds/${data.page.build}`);
    for (const told of listeners) told(build);
    if (build.status !== COMPLETED) setTimeout(follow, POLLING_MS);
  }
  if (build.status !== COMPLETED) setTimeout(follow, POLLING_MS);
  return {
    services: {
      "ms.vss-build-web.build-page-data-service": {
        getBuildPageData: async () => ({ build, definition: build.definition }),
      },
    },
    configuration: {
      onBuildChanged(told) {
        listeners.push(told);
        told(build);
      },
      onViewDisplayed: (told) => told(),
      selectTab: () => undefined,
    },
  };
}

/** A test result's details say by their configuration alone which result they show. */
async function resultPage(data) {
  const { run, result, build } = data.page;
  const mainData = build ? await read(data, `build/builds/${build}`) : { project: data.project };
  return { services: {}, configuration: { runId: run, resultId: result, viewContext: { data: { mainData } } } };
}

/** A REST answer in the form of azure-devops-extension-api, dates revived. */
async function read(data, path) {
  const answer = await fetch(`${data.collection}${data.project.id}/_apis/${path}`, {
    headers: {
      Accept: `application/json;api-version=7.1;${DIALECT}`,
      Authorization: `Bearer ${data.ownToken}`,
    },
  });
  if (!answer.ok) throw new Error(`${path}: ${(await answer.json()).message}`);
  return JSON.parse(await answer.text(), (_, value) => {
    const date = typeof value === "string" && /^\/Date\((-?\d+)\)\/$/.exec(value);
    return date ? new Date(Number(date[1])) : value;
  });
}

// What a page tells its extension of itself: by a service, and by the configuration that the hand-shake brings.

const DIALECT = "enumsAsNumbers=true;msDateFormat=true;noArrayWrap=true";
const POLLING_MS = 2000;
const COMPLETED = 2; // of a build's status
const STAGE_IN_PROGRESS = 2;

/** The page's services and configuration. data.page.kind says which page it is. */
export async function pageOf(data) {
  const { kind } = data.page;
  if (kind === "build") return buildPage(data);
  if (kind === "result") return resultPage(data);
  if (kind === "release") return releasePage(data);
  throw new Error(`There is no page of the kind ${kind}.`);
}

/** A build's page follows its build: by `onBuildChanged` an extension hears of it anew until it is completed. */
async function buildPage(data) {
  const path = `build/builds/${data.page.build}`;
  let build = await read(data, path);
  const again = async () => (build = await read(data, path));
  return {
    services: {
      "ms.vss-build-web.build-page-data-service": {
        getBuildPageData: async () => ({ build, definition: build.definition }),
      },
    },
    configuration: {
      onBuildChanged: follow(build, again, ({ status }) => status !== COMPLETED),
      onViewDisplayed: (told) => told(),
      selectTab: () => undefined,
    },
  };
}

/** What tells listeners what is there, and what `again` finds as long as it is busy. */
function follow(found, again, isBusy) {
  const listeners = [];
  async function look() {
    try {
      found = await again();
      for (const told of listeners) told(found);
    } finally {
      if (isBusy(found)) setTimeout(look, POLLING_MS);
    }
  }
  if (isBusy(found)) setTimeout(look, POLLING_MS);
  return (told) => {
    listeners.push(told);
    told(found);
  };
}

/** A release's page tells it by `onReleaseChanged`, at once and while a stage is being deployed to. */
async function releasePage(data) {
  const path = `Release/releases/${data.page.release}`;
  const isBusy = ({ environments }) => environments.some(({ status }) => status === STAGE_IN_PROGRESS);
  const onReleaseChanged = follow(await read(data, path), () => read(data, path), isBusy);
  return { services: {}, configuration: { onReleaseChanged, onViewDisplayed: (told) => told(), selectTab: () => undefined } };
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

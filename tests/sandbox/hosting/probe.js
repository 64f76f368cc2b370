// The page of an extension that does what its test says: the real SDK and the real clients, within reach.
import * as SDK from "azure-devops-extension-sdk";
import { getClient } from "azure-devops-extension-api";
import { BuildRestClient } from "azure-devops-extension-api/Build";
import { ReleaseRestClient } from "azure-devops-extension-api/Release";
import { TestRestClient } from "azure-devops-extension-api/Test";

const builds = [];
const releases = [];
const themes = [];
addEventListener("themeApplied", (event) => themes.push(event.detail["background-color"]));
globalThis.probe = {
  SDK,
  builds,
  releases,
  themes,
  buildClient: () => getClient(BuildRestClient),
  request: (path) => getClient(BuildRestClient).beginRequest({ apiVersion: "7.1", routeTemplate: path }),
  releaseClient: () => getClient(ReleaseRestClient),
  testClient: () => getClient(TestRestClient),
};
void SDK.init({ loaded: false });
void SDK.ready().then(() => {
  SDK.getConfiguration().onBuildChanged?.((build) => builds.push(build));
  SDK.getConfiguration().onReleaseChanged?.((release) => releases.push(release));
  if (!location.search.includes("silent")) void SDK.notifyLoadSucceeded();
});

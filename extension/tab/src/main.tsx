/** The page that Azure DevOps frames, in the tab of a build, of a release or of a test's result. */

import { render } from "preact";
import * as SDK from "azure-devops-extension-sdk";
import { navigation, subject } from "./azuredevops/host";
import { keepPace } from "./azuredevops/pacing";
import { followTheme } from "./azuredevops/theme";
import { Navigation } from "./shell/navigation";
import { Notice } from "./shell/notice";
import { type Loading, sentence, Tab } from "./shell/tab";
import "./styles/base.css";

void start();

async function start(): Promise<void> {
  const element = document.getElementById("tab");
  if (!element) throw new Error("The page has no element for the tab.");
  render(<Notice kind="note">Reading the results…</Notice>, element);
  keepPace();
  await SDK.init({ loaded: false });
  await SDK.ready();
  followTheme();
  const loading = toHost();
  try {
    const [about, places] = await Promise.all([subject(), navigation().then((host) => Navigation.at(host))]);
    if (about.test && !about.test.isNotebook) {
      render(<Notice kind="note">This test is not a notebook of Azure ML Tasks: there is nothing to show of it here.</Notice>, element);
      loading.succeeded();
      return;
    }
    new Tab(about, places, element, loading).begin();
  } catch (error) {
    const reload = { name: "Try again", run: () => location.reload() };
    render(
      <Notice kind="error" action={reload}>
        {sentence(error)}
      </Notice>,
      element,
    );
    loading.failed(sentence(error));
  }
}

/** The host takes its waiting sign away, or says that the page has failed; one that failed may still succeed. */
function toHost(): Loading {
  let succeeded = false;
  return {
    succeeded: () => {
      if (!succeeded) void SDK.notifyLoadSucceeded();
      succeeded = true;
    },
    failed: (why) => {
      if (!succeeded) void SDK.notifyLoadFailed(why);
    },
  };
}

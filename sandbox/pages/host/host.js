// The page around an extension: frames it, shakes hands, and says whether it has loaded.

import { Channel } from "./channel.js";
import { pageOf } from "./pages.js";
import { servicesOf } from "./services.js";
import { offerThemes, themeData } from "./themes.js";

const PATIENCE_MS = 10_000;

const data = JSON.parse(document.getElementById("host-data").textContent);
const frame = document.getElementById("extension");
const select = document.getElementById("theme");
const loading = document.getElementById("loading");

function say(state, text) {
  loading.dataset.state = state;
  loading.textContent = text;
}

function hostControl(page) {
  return {
    initialHandshake(options) {
      if (options?.loaded !== false) say("loaded", "Loaded");
      return {
        contributionId: data.contributionId,
        context: {
          extension: data.extension,
          pageContext: {
            globalization: { culture: "en-US", theme: select.value || "default" },
            timeZonesConfiguration: { daylightSavingsAdjustments: [] },
            webContext: { project: data.project, team: null },
          },
          user: data.user,
          host: data.organization,
        },
        initialConfig: page.configuration,
        themeData: themeData(select.value),
      };
    },
    notifyLoadSucceeded: () => say("loaded", "Loaded"),
    notifyLoadFailed: (error) => say("failed", `The extension failed to load: ${error?.message ?? error}`),
    getAccessToken: () => ({ token: data.extensionToken }),
    getAppToken: () => ({ token: data.extensionToken }),
    resize(width, height) {
      if (height) Object.assign(frame.style, { flex: "none", height: `${height}px` });
    },
  };
}

async function begin() {
  const page = await pageOf(data);
  const services = servicesOf(data, page);
  const channel = new Channel(frame.contentWindow, {
    "DevOps.HostControl": hostControl(page),
    "DevOps.ServiceManager": {
      getService(id) {
        if (!services[id]) throw new Error(`The host has no service ${id}.`);
        return services[id];
      },
    },
  });
  addEventListener("message", (event) => channel.receive(event));
  offerThemes(select, (theme) => {
    frame.style.backgroundColor = theme["background-color"];
    void channel.call("DevOps.SdkClient", "dispatchEvent", "themeChanged", { detail: { data: theme } });
  });
  frame.style.backgroundColor = themeData(select.value)["background-color"];
  frame.src = data.frame;
  setTimeout(() => {
    if (loading.dataset.state !== "waiting") return;
    say("silent", "The extension has not said that it has loaded: neither notifyLoadSucceeded nor notifyLoadFailed came.");
  }, PATIENCE_MS);
}

begin().catch((error) => say("failed", `The host cannot begin: ${error.message}`));

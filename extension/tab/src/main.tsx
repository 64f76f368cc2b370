import { render } from "preact";
import * as SDK from "azure-devops-extension-sdk";
import "./styles/base.css";

void start();

async function start(): Promise<void> {
  await SDK.init({ loaded: false });
  await SDK.ready();
  const place = document.getElementById("tab");
  if (place) render(<main>No notebooks.</main>, place);
  await SDK.notifyLoadSucceeded();
}

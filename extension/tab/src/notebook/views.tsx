/** The choice between a notebook's page and its changes. */

import type { Place } from "../results/model";

type View = Place["view"];

const VIEWS: readonly (readonly [View, string])[] = [
  ["page", "Notebook"],
  ["changes", "What changed"],
];

export function viewId(view: View): string {
  return `notebook-tab-${view}`;
}

export function Views({ view, choose }: { view: View; choose: (view: View) => void }) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = view === "page" ? "changes" : "page";
    choose(other);
    document.getElementById(viewId(other))?.focus();
  };
  return (
    <div class="notebook-tabs" role="tablist" aria-label="What to show of the notebook" onKeyDown={onKeyDown}>
      {VIEWS.map(([name, words]) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={viewId(name)}
          aria-selected={view === name}
          aria-controls="notebook-panel"
          tabIndex={view === name ? 0 : -1}
          onClick={() => choose(name)}
        >
          {words}
        </button>
      ))}
    </div>
  );
}

/** A notebook's scraps with their change; whether up is good is not known here, so nothing says so. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Row } from "../results/model";
import { changedFirst, type Metric, metrics } from "./change";

const SHOWN = 3;

const ARROWS: Readonly<Record<Metric["direction"], { sign: string; words: string }>> = {
  up: { sign: "▲", words: "up by " },
  down: { sign: "▼", words: "down by " },
  same: { sign: "=", words: "unchanged" },
  other: { sign: "≠", words: "" },
  none: { sign: "", words: "" },
};

export function Metrics({ row, green }: { row: Row; green: Row | undefined }): JSX.Element | null {
  const [all, showAll] = useState(false);
  const found = metrics(row.result.scraps, green?.result.scraps);
  if (!found.length) return null;
  const shown = all || found.length <= SHOWN + 1 ? found : changedFirst(found).slice(0, SHOWN);
  return (
    <div class="metrics">
      <dl>
        {shown.map((metric) => (
          <div key={metric.name}>
            <dt>{metric.name}</dt>
            <dd>{metric.value}</dd>
            <dd>
              <Change metric={metric} />
            </dd>
          </div>
        ))}
      </dl>
      {shown.length < found.length && (
        <button type="button" class="quiet" onClick={() => showAll(true)}>
          {found.length - shown.length} more
        </button>
      )}
    </div>
  );
}

function Change({ metric }: { metric: Metric }): JSX.Element | null {
  const { sign, words } = ARROWS[metric.direction];
  if (!sign) return null;
  return (
    <span class={`change ${metric.direction}`}>
      <span aria-hidden="true">{sign}</span>
      <span class="unseen">{words}</span> {metric.difference}
    </span>
  );
}

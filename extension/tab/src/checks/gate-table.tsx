import type { JSX } from "preact";
import { metrics } from "../overview/change";
import { Icon } from "../overview/icon";
import type { Kind } from "../overview/kinds";
import type { ComparedMetric } from "../results/records";
import { numberWords } from "../wording";

const KINDS: Readonly<Record<string, Kind>> = { worse: "failed", unknown: "stopped", better: "passed", first: "passed", equal: "passed" };
const SIGNS = { up: "+", down: "−", same: "±0", other: "", none: "" } as const;

/** The new model's metrics beside the champion's. */
export function GateTable({ compared }: { compared: readonly ComparedMetric[] }): JSX.Element {
  const champion = compared.some((metric) => metric.champion !== null);
  return (
    <div class="wide" role="region" aria-label="Metrics" tabIndex={0}>
      <table class="stacked">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col" class="number">
              New
            </th>
            {champion && (
              <>
                <th scope="col" class="number">
                  Champion
                </th>
                <th scope="col" class="number">
                  Change
                </th>
              </>
            )}
            <th scope="col">Rule</th>
            <th scope="col">Verdict</th>
            <th scope="col">Found in</th>
          </tr>
        </thead>
        <tbody>
          {compared.map((metric) => (
            <tr key={metric.name}>
              <th scope="row">{metric.name}</th>
              <td class="number" data-label="new ">
                {shown(metric.new)}
              </td>
              {champion && (
                <>
                  <td class="number" data-label="champion ">
                    {shown(metric.champion)}
                  </td>
                  <td class="number" data-label="change ">
                    {change(metric)}
                  </td>
                </>
              )}
              <td>{metric.rule}</td>
              <td class="word">
                {metric.verdict && (
                  <span class={`verdict ${KINDS[metric.verdict] ?? "waiting"}`}>
                    <Icon kind={KINDS[metric.verdict] ?? "waiting"} /> {metric.verdict}
                  </span>
                )}
              </td>
              <td class="muted">{metric.where.join("; ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shown(value: number | null): string {
  return value === null ? "–" : numberWords(value);
}

function change({ name, new: value, champion }: ComparedMetric): string {
  if (value === null || champion === null) return "";
  const [metric] = metrics({ [name]: value }, { [name]: champion });
  return metric ? `${SIGNS[metric.direction]}${metric.difference}` : "";
}

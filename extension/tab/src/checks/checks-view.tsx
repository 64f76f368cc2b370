import type { JSX } from "preact";
import type { Step } from "../results/model";
import type { TabChecks } from "../results/records";
import { Boundary } from "../shell/boundary";
import type { Attachment } from "../source";
import "./checks.css";
import { StepCard } from "./step-card";

export interface ChecksViewProps {
  steps: readonly Step<TabChecks>[];
  read: (attachment: Attachment) => Promise<Blob>;
}

/** The steps that register, deploy and test models, as the pipeline comes to them. */
export function ChecksView({ steps, read }: ChecksViewProps): JSX.Element {
  const card = (step: Step<TabChecks>) => (
    <Boundary key={keyOf(step)} what={`A step of ${step.context.task || "this run"}`}>
      <StepCard step={step} read={read} />
    </Boundary>
  );
  const earlier = steps.filter(({ superseded }) => superseded);
  return (
    <section class="checks" aria-labelledby="checks">
      <h2 id="checks">Models and endpoints</h2>
      {steps.filter(({ superseded }) => !superseded).map(card)}
      {earlier.length > 0 && (
        <details class="earlier">
          <summary>Earlier attempts</summary>
          {earlier.map(card)}
        </details>
      )}
    </section>
  );
}

function keyOf({ key, context }: Step<TabChecks>): string {
  return `${key}~${context.attempt}`;
}

import type { Attachment } from "../source";
import type { Step } from "../results/model";
import type { TabChecks } from "../results/records";

export interface ChecksViewProps {
  steps: readonly Step<TabChecks>[];
  read: (attachment: Attachment) => Promise<Blob>;
}

export function ChecksView({ steps }: ChecksViewProps) {
  return (
    <ul>
      {steps.map((step) => (
        <li key={`${step.key}~${step.context.attempt}`}>{step.records.title}</li>
      ))}
    </ul>
  );
}

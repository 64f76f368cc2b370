import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "../overview/icon";
import type { Step } from "../results/model";
import type { TabChecks } from "../results/records";
import type { Attachment } from "../source";
import { Chain, Facts } from "./chain";
import { CheckGroup } from "./check-group";
import { GateTable } from "./gate-table";
import { RolloutTimeline } from "./rollout-timeline";
import { groupsOf, standingOf } from "./standing";

interface Props {
  step: Step<TabChecks>;
  read: (attachment: Attachment) => Promise<Blob>;
}

/** What has come of one step, before why. */
export function StepCard({ step, read }: Props): JSX.Element {
  const { records, attachments } = step;
  const { kind, word, sentence } = standingOf(step);
  const name = useId();
  return (
    <article class={`card ${kind}`} aria-labelledby={name}>
      <h3 id={name}>{records.title}</h3>
      <p class="muted where">{whereOf(step)}</p>
      <p class="said" role={kind === "running" ? "status" : undefined}>
        <Icon kind={kind} /> <b>{word}</b> {sentence}
      </p>
      {records.chain.length > 0 && <Chain links={records.chain} />}
      {records.metrics.length > 0 && <GateTable compared={records.metrics} />}
      {records.rollout.length > 0 && <RolloutTimeline moves={records.rollout} deployments={records.deployments} />}
      {groupsOf(records.checks).map((group) => (
        <CheckGroup key={group.name} group={group} attachments={attachments} read={read} />
      ))}
      <Remarks sentences={records.notes.filter((note) => note !== sentence)} />
      <Remarks sentences={records.problems.map((problem) => `Not published: ${problem}`)} />
      <Facts facts={records.facts} title="All that is known" />
    </article>
  );
}

function Remarks({ sentences }: { sentences: readonly string[] }): JSX.Element | null {
  if (!sentences.length) return null;
  return (
    <ul class="remarks">
      {sentences.map((sentence, index) => (
        <li key={index}>{sentence}</li>
      ))}
    </ul>
  );
}

function whereOf({ context }: Step<TabChecks>): string {
  const attempt = context.attempt > 1 ? `attempt ${context.attempt}` : "";
  return [context.task, [context.stage, context.job].filter(Boolean).join(" › "), attempt].filter(Boolean).join(", ");
}

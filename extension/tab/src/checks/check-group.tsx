import type { JSX } from "preact";
import { Icon } from "../overview/icon";
import type { TabCheck } from "../results/records";
import type { Attachment } from "../source";
import { durationWords } from "../wording";
import { FileText } from "./file-text";
import { CHECK_OUTCOMES, type Group, kindOfCheck } from "./standing";

interface Files {
  attachments: ReadonlyMap<string, Attachment>;
  read: (attachment: Attachment) => Promise<Blob>;
}

/** Requests of a smoke test, rules of a gate, steps of a rollout: folded where all is well. */
export function CheckGroup({ group, ...files }: { group: Group } & Files): JSX.Element {
  return (
    <details class="group" open={group.bad}>
      <summary>
        {group.name} <span class="muted">{group.said}</span>
      </summary>
      <ul>
        {group.checks.map((check, index) => (
          <OneCheck key={index} check={check} {...files} />
        ))}
      </ul>
    </details>
  );
}

function OneCheck({ check, ...files }: { check: TabCheck } & Files): JSX.Element {
  const kind = kindOfCheck(check.outcome);
  return (
    <li class={kind}>
      <Icon kind={kind} />
      <div>
        <b>{check.name}</b>{" "}
        <span class="muted">
          {CHECK_OUTCOMES[check.outcome]}
          {check.startedAt !== null && `, ${durationWords(check.duration)}`}
        </span>
        {check.message && <p>{check.message}</p>}
        {check.details && (
          <details>
            <summary>Details</summary>
            <pre tabIndex={0}>{check.details}</pre>
          </details>
        )}
        {check.files.map((file) => (
          <FileText key={file.attachment || file.name} file={file} {...files} />
        ))}
      </div>
    </li>
  );
}

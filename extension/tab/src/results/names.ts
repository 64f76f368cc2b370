/** What the name of an attachment says, before it is read. */

import type { Attachment } from "../source";

export type Kind = "notebooks" | "checks";

/** What one attempt of one step has attached of its state. */
export interface States {
  kind: Kind;
  /** What their names begin with: `stage~job~attempt~step`. */
  stem: string;
  /** What it left at its end. */
  last: Attachment | null;
  /** The newest that it told while it ran; number: grows from one state to the next. */
  progress: { attachment: Attachment; number: number } | null;
}

const ENDINGS: [RegExp, Kind][] = [
  [/\.index\.json$/, "notebooks"],
  [/\.(\d+)\.progress\.json$/, "notebooks"],
  [/\.checks\.json$/, "checks"],
  [/\.(\d+)\.checks-progress\.json$/, "checks"],
];

/** Of all steps; nothing else of them has to be read to list their results. */
export function statesOf(attachments: readonly Attachment[]): States[] {
  const found = new Map<string, States>();
  for (const attachment of attachments) {
    for (const [ending, kind] of ENDINGS) {
      const match = ending.exec(attachment.name);
      if (!match) continue;
      const stem = attachment.name.slice(0, match.index);
      const states = found.get(kind + stem) ?? { kind, stem, last: null, progress: null };
      found.set(kind + stem, states);
      const number = Number(match[1]);
      if (match[1] === undefined) states.last = attachment;
      else if (!states.progress || states.progress.number < number) states.progress = { attachment, number };
    }
  }
  return [...found.values()];
}

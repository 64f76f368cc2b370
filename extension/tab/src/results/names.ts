/** What the name of an attachment says, before it is read. */

import type { Attachment } from "../source";

export type Kind = "notebooks" | "checks";

/** A step's records, in one of the states that have been attached. */
export interface Recorded {
  attachment: Attachment;
  kind: Kind;
  /** What the names of one attempt of one step begin with: `stage~job~attempt~step`. */
  stem: string;
  /** Infinity for the last state, when the step has finished. */
  number: number;
}

const ENDINGS: [RegExp, Kind][] = [
  [/\.index\.json$/, "notebooks"],
  [/\.(\d+)\.progress\.json$/, "notebooks"],
  [/\.checks\.json$/, "checks"],
  [/\.(\d+)\.checks-progress\.json$/, "checks"],
];

/** The latest state of each step: nothing else of it has to be read. */
export function latest(attachments: readonly Attachment[]): Recorded[] {
  const found = new Map<string, Recorded>();
  for (const attachment of attachments) {
    const recorded = recordedIn(attachment);
    if (!recorded) continue;
    const key = `${recorded.kind}\n${recorded.stem}`;
    const known = found.get(key);
    if (!known || known.number <= recorded.number) found.set(key, recorded);
  }
  return [...found.values()];
}

function recordedIn(attachment: Attachment): Recorded | null {
  for (const [ending, kind] of ENDINGS) {
    const match = ending.exec(attachment.name);
    if (match) {
      const number = match[1] === undefined ? Infinity : Number(match[1]);
      return { attachment, kind, stem: attachment.name.slice(0, match.index), number };
    }
  }
  return null;
}

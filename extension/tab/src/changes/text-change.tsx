/** Two texts as one, lines that went and lines that came marked by more than colour. */

import { useMemo } from "preact/hooks";
import { count, numberWords } from "../wording";
import { folded, type Gap, type Line, lines } from "./lines";
import { changedNumbers } from "./numbers";

const SIGNS = { same: " ", removed: "−", added: "+" } as const;

export interface TextChangeProps {
  label: string;
  before: string;
  after: string;
  /** Characters that the record leaves out. */
  cut: number;
  /** Whether numbers that changed are said before the text. */
  numbers?: boolean;
}

export function TextChange({ label, before, after, cut, numbers = false }: TextChangeProps) {
  const all = useMemo(() => lines(before, after), [before, after]);
  const changed = numbers ? changedNumbers(all) : [];
  if (before === after) {
    return <p class="changes-note">It differs in what the record leaves out: {count(cut, "character")}.</p>;
  }
  return (
    <>
      {changed.length > 0 && (
        <ul class="changes-numbers" aria-label="Numbers that changed">
          {changed.map((number, index) => (
            <li key={index}>
              {number.label} <b>{numberWords(number.before)} → {numberWords(number.after)}</b>
              {number.share !== null && ` (${percent(number.share)})`}
            </li>
          ))}
        </ul>
      )}
      <pre class="changes-text" role="region" aria-label={label} tabIndex={0}>
        {folded(all).map((line, index) => (line.kind === "gap" ? <GapLine key={index} gap={line} /> : <TextLine key={index} line={line} />))}
      </pre>
      {cut > 0 && <p class="changes-note">The record leaves out {count(cut, "character")} of it.</p>}
    </>
  );
}

function TextLine({ line }: { line: Line }) {
  const pieces = line.pieces.map(({ text, marked }, index) => (marked ? <mark key={index}>{text}</mark> : text));
  const content = <><span class="sign">{SIGNS[line.kind]} </span>{pieces}{"\n"}</>;
  if (line.kind === "removed") return <del>{content}</del>;
  return line.kind === "added" ? <ins>{content}</ins> : <span>{content}</span>;
}

function GapLine({ gap }: { gap: Gap }) {
  return <span class="gap">{`  … ${count(gap.count, gap.changed ? "more line" : "unchanged line")}\n`}</span>;
}

function percent(share: number): string {
  const size = Math.abs(share) * 100;
  const words = size < 0.01 ? "< 0.01" : size.toLocaleString("en", { maximumSignificantDigits: size < 10 ? 2 : 3 });
  return `${share < 0 ? "−" : "+"}${words} %`;
}

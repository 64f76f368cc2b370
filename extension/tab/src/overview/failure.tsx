/** Why a notebook failed: in a line, and with the code and the traceback's end. */

import type { JSX } from "preact";
import type { Row } from "../results/model";
import type { TabFailure } from "../results/records";
import { CELL_OUTCOMES } from "../wording";

/** `Cell [3] · Train the model` and the error; whole: however long it is. */
export function FailureLine({ row, whole }: { row: Row; whole: boolean }): JSX.Element | null {
  const { failure, message, ok } = row.result;
  if (ok || !(failure || message)) return null;
  if (!failure) return <p class="why">{message}</p>;
  return (
    <p class={whole ? "why whole" : "why"}>
      <span class="cell">{cellWords(failure)}</span>
      <span class="error">
        {failure.errorName ? (
          <>
            <b>{failure.errorName}</b>
            {failure.errorValue && `: ${firstLine(failure.errorValue)}`}
          </>
        ) : (
          message || CELL_OUTCOMES[failure.outcome]
        )}
      </span>
    </p>
  );
}

/** The lines around the one that raised, and the last lines of the traceback. */
export function FailureDetails({ failure }: { failure: TabFailure }): JSX.Element {
  const lines = failure.excerpt ? failure.excerpt.split("\n") : [];
  return (
    <>
      {lines.length > 0 && (
        <pre class="excerpt" tabIndex={0} aria-label={`Code of the ${cellWords(failure).toLowerCase()}`}>
          {lines.map((line, index) => (
            <CodeLine key={index} number={failure.firstLine + index} text={line} raised={failure.line} />
          ))}
        </pre>
      )}
      {(failure.text || failure.errorValue) && (
        <pre class="traceback" ref={toEnd} tabIndex={0} aria-label="End of the traceback">
          {failure.text || `${failure.errorName}: ${failure.errorValue}`}
        </pre>
      )}
    </>
  );
}

function CodeLine({ number, text, raised }: { number: number; text: string; raised: number | null }): JSX.Element {
  const code = (
    <>
      <span class="line-number">{`${number} `}</span>
      {`${text}\n`}
    </>
  );
  return number === raised ? <mark>{code}</mark> : <span>{code}</span>;
}

/** A traceback says the most in its last lines. */
function toEnd(element: HTMLElement | null): void {
  if (element) element.scrollTop = element.scrollHeight;
}

function cellWords(failure: TabFailure): string {
  const cell = `Cell ${failure.number || failure.position + 1}`;
  return failure.title ? `${cell} · ${failure.title}` : cell;
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}

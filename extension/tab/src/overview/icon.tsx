import type { JSX } from "preact";
import type { Kind } from "./kinds";

/** Told apart by their shapes, not by colour alone; the word stands beside them. */
const SHAPES: Readonly<Record<Kind, JSX.Element>> = {
  failed: <path class="full" d="M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1ZM5 5l6 6m0-6-6 6" />,
  stopped: <path d="M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM5 8h6" />,
  running: <path d="M8 1.8A6.2 6.2 0 1 1 1.8 8" />,
  passed: <path d="M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM5 8.3l2.2 2.2L11.2 6" />,
  waiting: <path stroke-dasharray="2.4 2.4" d="M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8Z" />,
};

export function Icon({ kind }: { kind: Kind }): JSX.Element {
  return (
    <svg class={`icon ${kind}`} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[kind]}
    </svg>
  );
}

import type { JSX } from "preact";
import { type Filter, type Order, ORDERS } from "./filter";
import { type Kind, KIND_WORDS } from "./kinds";

interface ToolbarProps {
  filter: Filter;
  change: (part: Partial<Filter>) => void;
  counts: ReadonlyMap<Kind, number>;
}

export function Toolbar({ filter, change, counts }: ToolbarProps): JSX.Element {
  const total = [...counts.values()].reduce((sum, number) => sum + number, 0);
  const choices: [Kind | null, string, number][] = [
    [null, "All", total],
    ...[...counts].map(([kind, number]): [Kind, string, number] => [kind, KIND_WORDS[kind], number]),
  ];
  return (
    <div class="toolbar">
      <div role="group" aria-label="Show" class="choices">
        {choices.map(([kind, words, number]) => (
          <button key={words} type="button" aria-pressed={filter.kind === kind} onClick={() => change({ kind })}>
            {words} <span class="number">{number}</span>
          </button>
        ))}
      </div>
      <input
        type="search"
        aria-label="Search for a notebook, owner, error or parameter"
        placeholder="Notebook, owner, error, parameter"
        value={filter.search}
        onInput={(event) => change({ search: event.currentTarget.value })}
      />
      <label class="order">
        Sort by{" "}
        <select
          value={filter.order}
          onChange={(event) => change({ order: event.currentTarget.value as Order, reversed: false })}
        >
          {Object.entries(ORDERS).map(([order, words]) => (
            <option key={order} value={order}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

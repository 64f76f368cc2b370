/** What the table shows, and in which order; kept in the page's address. */

import type { Row } from "../results/model";
import { KINDS, type Kind, kindOf, pathOf } from "./kinds";

export type Order = "outcome" | "name" | "duration";

export interface Filter {
  /** All of its words are looked for. */
  search: string;
  /** Rows of any kind where it is null. */
  kind: Kind | null;
  order: Order;
  /** Against the order's own direction: failed ones first, names from A, the longest first. */
  reversed: boolean;
}

export const ORDERS: Readonly<Record<Order, string>> = { outcome: "Outcome", name: "Notebook", duration: "Duration" };

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** What is not understood is left out: addresses are written by people, too. */
export function parseFilter(text: string): Filter {
  const parts = new URLSearchParams(text);
  const order = parts.get("sort") ?? "";
  return {
    search: parts.get("search") ?? "",
    kind: KINDS.find((kind) => kind === parts.get("outcome")) ?? null,
    order: Object.hasOwn(ORDERS, order) ? (order as Order) : "outcome",
    reversed: parts.has("reversed"),
  };
}

/** Empty where nothing differs from how the table is at first. */
export function filterText(filter: Filter): string {
  const parts = new URLSearchParams();
  if (filter.search) parts.set("search", filter.search);
  if (filter.kind) parts.set("outcome", filter.kind);
  if (filter.order !== "outcome") parts.set("sort", filter.order);
  if (filter.reversed) parts.set("reversed", "1");
  return parts.toString();
}

/** Whether some rows may be left out. */
export function isFiltered(filter: Filter): boolean {
  return filter.kind !== null || filter.search !== "";
}

export function found(rows: readonly Row[], { search, kind }: Filter): Set<Row> {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (row: Row) => {
    const text = words.length ? searchText(row) : "";
    return words.every((word) => text.includes(word));
  };
  return new Set(rows.filter((row) => (kind === null || kindOf(row) === kind) && matches(row)));
}

/** A new list. What is alike is ordered by name. */
export function sorted(rows: readonly Row[], order: Order, reversed: boolean): Row[] {
  const sign = reversed ? -1 : 1;
  const measure = MEASURES[order];
  return rows
    .map((row) => ({ row, measure: measure(row) }))
    .sort((one, other) => sign * (one.measure - other.measure) || (order === "name" ? sign : 1) * byName(one.row, other.row))
    .map(({ row }) => row);
}

const MEASURES: Readonly<Record<Order, (row: Row) => number>> = {
  outcome: (row) => KINDS.indexOf(kindOf(row)),
  name: () => 0,
  duration: (row) => -row.result.duration,
};

function byName(one: Row, other: Row): number {
  const [left, right] = [one.result, other.result];
  return (
    COLLATOR.compare(pathOf(left).name, pathOf(right).name) ||
    COLLATOR.compare(left.notebook, right.notebook) ||
    COLLATOR.compare(left.parameterSet, right.parameterSet) ||
    COLLATOR.compare(one.key, other.key)
  );
}

function searchText(row: Row): string {
  const { result } = row;
  const parameters = Object.entries(result.parameters).map(([name, value]) => `${name}=${value}`);
  const failure = result.failure ? [result.failure.errorName, result.failure.errorValue, result.failure.title] : [];
  const texts = [result.title, result.notebook, result.parameterSet, result.owner, result.message, result.current];
  return [...texts, ...parameters, ...failure].join("\n").toLowerCase();
}

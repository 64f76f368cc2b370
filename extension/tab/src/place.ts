/** Where a person is, as parameters of the page's address, so that links lead there and a reload stays there. */

import type { Place } from "./results/model";

export const START: Place = { notebook: "", cell: "", view: "page", filter: "" };

const NOTEBOOK = "notebook";
const CELL = "cell";
const VIEW = "notebookView"; // `view` says which tab of the run is shown
const FILTER = "notebookFilter";

/** Azure DevOps takes an empty value for a parameter that is to go. */
export function toParameters(place: Place): Record<string, string> {
  return {
    [NOTEBOOK]: place.notebook,
    [CELL]: place.notebook && place.cell,
    [VIEW]: place.notebook && place.view === "changes" ? place.view : "",
    [FILTER]: place.filter,
  };
}

export function fromParameters(parameters: Readonly<Record<string, string>>): Place {
  return {
    notebook: parameters[NOTEBOOK] ?? "",
    cell: parameters[CELL] ?? "",
    view: parameters[VIEW] === "changes" ? "changes" : "page",
    filter: parameters[FILTER] ?? "",
  };
}

export function samePlace(one: Place, other: Place): boolean {
  const parameters = toParameters(other);
  return Object.entries(toParameters(one)).every(([name, value]) => parameters[name] === value);
}

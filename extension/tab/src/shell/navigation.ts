/** Keeps the place in the address of the page around this one, and in the history of this one for the way back. */

import type { IHostNavigationService } from "azure-devops-extension-api";
import { fromParameters, samePlace, START, toParameters } from "../place";
import type { Place } from "../results/model";

export class Navigation {
  readonly #host: IHostNavigationService | null;
  #place: Place;

  private constructor(host: IHostNavigationService | null, place: Place) {
    this.#host = host;
    this.#place = place;
    history.replaceState(place, "");
  }

  /** host: null where the page around has no address for us; then nothing outlives a reload. */
  static async at(host: IHostNavigationService | null): Promise<Navigation> {
    return new Navigation(host, host ? fromParameters(await host.getQueryParams()) : START);
  }

  get place(): Place {
    return this.#place;
  }

  /** Opening and closing a notebook is a step to go back from; all else only changes the address. */
  go(place: Place): void {
    if (samePlace(place, this.#place)) return;
    if (place.notebook === this.#place.notebook) history.replaceState(place, "");
    else history.pushState(place, "");
    this.#show(place);
  }

  /** Told where a person has gone back or forward to. */
  onBack(told: (place: Place) => void): () => void {
    const popped = ({ state }: PopStateEvent) => {
      const place = { ...START, ...(state as Partial<Place> | null) };
      this.#show(place);
      told(place);
    };
    window.addEventListener("popstate", popped);
    return () => window.removeEventListener("popstate", popped);
  }

  /** Another page, in a window of its own. */
  open(address: string): void {
    if (this.#host) this.#host.openNewWindow(address, "");
    else window.open(address, "_blank", "noopener");
  }

  #show(place: Place): void {
    this.#place = place;
    this.#host?.setQueryParams(toParameters(place));
  }
}

/** Keeps what is shown of a run up to date: often while there is news, seldom while there is none, not at all unseen. */

import { Reader } from "../results/reading";
import type { Results } from "../results/model";
import type { Source } from "../source";

const SHORTEST_MS = 10_000;
const LONGEST_MS = 60_000;
const LATE_MS = 120_000; // after a run's end agents may still be uploading

export interface Listener {
  /** Only when there is news. */
  show(results: Results): void;
  /** null when a look has succeeded again. */
  fail(error: unknown): void;
}

export class Following {
  readonly #source: Source;
  readonly #reader: Reader;
  readonly #listener: Listener;
  readonly #ended = new AbortController();
  #last: Results | null = null;
  #newsAt = -Infinity; // of this page's clock; what was there from the beginning is no news
  #interval = SHORTEST_MS;
  #wake: () => void = () => undefined;

  constructor(source: Source, listener: Listener) {
    this.#source = source;
    this.#reader = new Reader(source);
    this.#listener = listener;
  }

  /** Looks again and again until `end`. */
  async begin(): Promise<void> {
    const seen = () => !isHidden() && this.look();
    document.addEventListener("visibilitychange", seen, { signal: this.#ended.signal });
    while (!this.#ended.signal.aborted) {
      const news = await this.#look();
      this.#interval = news ? SHORTEST_MS : Math.min(LONGEST_MS, this.#interval * 1.5);
      await this.#rest();
    }
  }

  /** Now, not later. */
  look(): void {
    this.#interval = SHORTEST_MS;
    this.#wake();
  }

  /** What somebody else has seen of the run: when it is news, there is a look at once. */
  told(running: boolean): void {
    if (this.#last && this.#last.run.running !== running) this.look();
  }

  end(): void {
    this.#ended.abort();
    this.#wake();
  }

  /** Whether there was news. */
  async #look(): Promise<boolean> {
    try {
      const results = await this.#reader.read(await this.#source.run());
      if (this.#ended.signal.aborted) return false;
      this.#listener.fail(null);
      if (results === this.#last) return false;
      if (this.#last) this.#newsAt = Date.now();
      this.#last = results;
      this.#listener.show(results);
      return true;
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#listener.fail(error);
      return false;
    }
  }

  /** Until it is time for another look, and somebody would see it. */
  async #rest(): Promise<void> {
    do {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const timer = !isHidden() && this.#mayChange() ? setTimeout(this.#wake, this.#interval) : undefined;
      await woken;
      clearTimeout(timer);
    } while (isHidden() && !this.#ended.signal.aborted);
  }

  #mayChange(): boolean {
    if (!this.#last || this.#last.run.running) return true;
    const endedAt = this.#last.run.finishedAt?.getTime() ?? -Infinity;
    return Date.now() - Math.max(endedAt, this.#newsAt) < LATE_MS;
  }
}

function isHidden(): boolean {
  return document.visibilityState === "hidden";
}

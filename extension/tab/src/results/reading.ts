/** A run's attachments, read as far as it takes to list its results. */

import { type Attachment, type Run, type Source, SourceError } from "../source";
import { collate, type Read } from "./collating";
import { inParallel } from "./in-parallel";
import type { Fault, Results } from "./model";
import { latest, type Recorded } from "./names";
import { parsed } from "./parsing";

const AT_ONCE = 4;

/** Reads a run again and again; of each file only once. */
export class Reader {
  readonly #source: Source;
  readonly #known = new Map<string, Read | Fault>();
  #seen = "";
  #results: Results | null = null;

  constructor(source: Source) {
    this.#source = source;
  }

  /**
   * The same results as before where there is no news. Rejects with a SourceError. Files that are listed but not there
   * yet are left out: they come with a later look.
   */
  async read(run: Run): Promise<Results> {
    const attachments = await this.#source.attachments(run);
    const states = latest(attachments);
    await inParallel(
      AT_ONCE,
      states.filter((state) => !this.#known.has(keyOf(state))),
      (state) => this.#readState(state),
    );
    const read = states.flatMap((state) => this.#known.get(keyOf(state)) ?? []);
    const seen = JSON.stringify([run, attachments.map(({ name }) => name), read.length]);
    if (this.#results && seen === this.#seen) return this.#results;
    this.#seen = seen;
    this.#results = collate(
      run,
      read.filter((each) => "records" in each),
      new Map(attachments.map((attachment) => [attachment.name, attachment])),
      read.filter((each) => "sentence" in each),
    );
    return this.#results;
  }

  async #readState(state: Recorded): Promise<void> {
    const text = await textOf(this.#source, state.attachment);
    if (text !== null) this.#known.set(keyOf(state), parsed(state, text));
  }
}

/** What is known of a run, at once; rejects with a SourceError. */
export function readResults(source: Source, run: Run): Promise<Results> {
  return new Reader(source).read(run);
}

async function textOf(source: Source, attachment: Attachment): Promise<string | null> {
  try {
    return await (await source.read(attachment)).text();
  } catch (error) {
    if (error instanceof SourceError && error.missing) return null;
    throw error;
  }
}

function keyOf({ attachment }: Recorded): string {
  return `${attachment.address}\n${attachment.name}`;
}

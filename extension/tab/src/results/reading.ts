/** A run's attachments, read as far as it takes to list its results. */

import { type Attachment, type Run, type Source, SourceError } from "../source";
import { collate, type Read } from "./collating";
import { inParallel } from "./in-parallel";
import type { Fault, Results } from "./model";
import { type States, statesOf } from "./names";
import { parsed } from "./parsing";

const AT_ONCE = 4;

/** Reads a run again and again; of each file only once, save for those that may be replaced. */
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
    const found = new Map<States, Read | Fault>();
    const states = statesOf(attachments);
    await inParallel(AT_ONCE, states, async (each) => {
      const newest = await this.#newest(each, run.running);
      if (newest) found.set(each, newest);
    });
    const read = states.flatMap((each) => found.get(each) ?? []);
    const seen = JSON.stringify([run, attachments.map(({ name }) => name), read.map(numberOf)]);
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

  /** A step that is tried again tells of its progress beside what the former try has left, then replaces that. */
  async #newest(states: States, running: boolean): Promise<Read | Fault | null> {
    const { last, progress } = states;
    if (!last) return progress && this.#once(progress.attachment, states);
    // A step may add to what it has left as long as its job runs.
    const during = running ? "running" : "ended";
    const left = await this.#once(last, states, during);
    if (!progress || !left || numberOf(left) >= progress.number) return left;
    this.#known.delete(keyOf(last, during));
    return this.#once(progress.attachment, states);
  }

  /** Read now or before; null when it is not there yet. during: what it is read anew for. */
  async #once(attachment: Attachment, states: States, during = ""): Promise<Read | Fault | null> {
    const key = keyOf(attachment, during);
    const known = this.#known.get(key);
    if (known) return known;
    const text = await textOf(this.#source, attachment);
    if (text === null) return null;
    const read = parsed(attachment, states, text);
    this.#known.set(key, read);
    return read;
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

function keyOf({ address, name }: Attachment, during: string): string {
  return [address, name, during].join("\n");
}

/** A file that cannot be shown counts as the newest. */
function numberOf(read: Read | Fault): number {
  return "records" in read ? read.records.number : Infinity;
}

import { useEffect, useState } from "preact/hooks";
import { loadHistory } from "../history/history";
import type { History, Results } from "../results/model";
import { type Source, SourceError } from "../source";

/** Read when there are results to compare with it, and again when other steps have some. */
export function useHistory(source: Source, results: Results | null): History | null {
  const [history, setHistory] = useState<History | null>(null);
  const steps = results?.notebooks.map(({ key }) => key).join("\n") ?? "";
  useEffect(() => {
    if (!results || !steps) return;
    let left = false;
    const load = async () => {
      for await (const more of loadHistory(source, results)) {
        if (left) return;
        setHistory(more);
      }
    };
    load().catch((error: unknown) => {
      // The table is whole without it; the console says why it stays so.
      if (!(error instanceof SourceError)) throw error;
      console.warn(error.message);
    });
    return () => void (left = true);
  }, [source, steps]);
  return history;
}

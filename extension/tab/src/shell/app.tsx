import { useEffect, useState } from "preact/hooks";
import { ChecksView } from "../checks/checks-view";
import { NotebookView } from "../notebook/notebook-view";
import { Overview } from "../overview/overview";
import { START } from "../place";
import type { Place, Results, Row } from "../results/model";
import type { Attachment, Source } from "../source";
import { Boundary } from "./boundary";
import type { Navigation } from "./navigation";
import { Notice } from "./notice";
import { useHistory } from "./use-history";
import { useReturn } from "./use-return";

interface Props {
  source: Source;
  navigation: Navigation;
  /** null as long as nothing has been read. */
  results: Results | null;
  /** Why the last look failed, a sentence; empty when it did not. */
  failure: string;
  look: () => void;
  /** The row that the page is about; undefined where it is about all of them. */
  only?: Row | undefined;
}

/** The whole tab: the table and the checks, or one notebook. */
export function App({ source, navigation, results, failure, look, only }: Props) {
  const [place, setPlace] = useState(navigation.place);
  useEffect(() => navigation.onBack(setPlace), [navigation]);
  const history = useHistory(source, results);
  const row = only ?? results?.rows.find(({ key }) => key === place.notebook);
  useReturn(row?.key ?? "");
  const go = (next: Place) => {
    navigation.go(next);
    setPlace(next);
  };
  const read = (attachment: Attachment) => source.read(attachment);
  const shared = { history, place, go, read };
  return (
    <main>
      {failure && (
        <Notice kind="error" action={{ name: "Try again", run: look }}>
          {failure}
        </Notice>
      )}
      {results?.faults.map(({ attachment, sentence }) => (
        <Notice key={attachment} kind="note">
          {sentence}
        </Notice>
      ))}
      {results && place.notebook && !row && (
        <Notice kind="note" action={{ name: "Show all notebooks", run: () => go({ ...START, filter: place.filter }) }}>
          {absent(results)}
        </Notice>
      )}
      {row && (
        <Boundary key={row.key} what="The notebook">
          <NotebookView row={row} rows={only ? [] : (results?.rows ?? [])} open={(address) => navigation.open(address)} {...shared} />
        </Boundary>
      )}
      {results && !only && (
        <div hidden={row !== undefined}>
          {(results.notebooks.length > 0 || results.checks.length === 0) && (
            <Boundary what="The table">
              <Overview results={results} {...shared} />
            </Boundary>
          )}
          {results.checks.length > 0 && (
            <Boundary what="The checks">
              <ChecksView steps={results.checks} read={read} />
            </Boundary>
          )}
        </div>
      )}
    </main>
  );
}

function absent({ run }: Results): string {
  return run.running
    ? `The notebook that the link leads to has no results in ${run.name} yet; it is shown when it has.`
    : `The notebook that the link leads to is not in ${run.name}: these are the notebooks that are.`;
}

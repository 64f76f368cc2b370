import type { Attachment } from "../source";
import type { History, Place, Results } from "../results/model";

export interface OverviewProps {
  results: Results;
  history: History | null;
  place: Place;
  go: (place: Place) => void;
  read: (attachment: Attachment) => Promise<Blob>;
}

export function Overview({ results, place, go }: OverviewProps) {
  return (
    <ul>
      {results.rows.map((row) => (
        <li key={row.key}>
          <button onClick={() => go({ ...place, notebook: row.key })}>{row.result.title}</button>
        </li>
      ))}
    </ul>
  );
}

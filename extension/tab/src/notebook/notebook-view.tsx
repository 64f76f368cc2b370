import type { Attachment } from "../source";
import type { History, Place, Row } from "../results/model";

export interface NotebookViewProps {
  row: Row;
  history: History | null;
  read: (attachment: Attachment) => Promise<Blob>;
  go: (place: Place) => void;
  place: Place;
}

export function NotebookView({ row, go, place }: NotebookViewProps) {
  return (
    <section>
      <button onClick={() => go({ ...place, notebook: "", cell: "" })}>All notebooks</button>
      <h1>{row.result.title}</h1>
    </section>
  );
}

import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Row } from "../results/model";
import type { Attachment } from "../source";
import { cellOf, picture } from "./pictures";

interface ThumbnailProps {
  row: Row;
  read: (attachment: Attachment) => Promise<Blob>;
  open: (row: Row, cell: string) => void;
}

/** A notebook's last figure; read when it comes into view. Leads to its cell. */
export function Thumbnail({ row, read, open }: ThumbnailProps): JSX.Element | null {
  const file = row.result.thumbnail;
  const attachment = file ? row.step.attachments.get(file.attachment) : undefined;
  const button = useRef<HTMLButtonElement>(null);
  const figure = useFigure(button, attachment, read);
  if (!file || !attachment) return null;
  return (
    <button ref={button} type="button" class="thumbnail" title="Its last figure" onClick={() => open(row, cellOf(file.name))}>
      {figure.address ? (
        <img src={figure.address} alt={`Last figure of ${row.result.title}`} decoding="async" />
      ) : (
        <span>{figure.words || <span class="unseen">Last figure of {row.result.title}</span>}</span>
      )}
    </button>
  );
}

interface Figure {
  /** A `blob:` address; empty while there is none. */
  address: string;
  /** Why there is none. */
  words: string;
}

function useFigure(
  place: RefObject<HTMLElement | null>,
  attachment: Attachment | undefined,
  read: ThumbnailProps["read"],
): Figure {
  const [figure, show] = useState<Figure>({ address: "", words: "" });
  useEffect(() => {
    if (!place.current || !attachment) return;
    let address = "";
    let gone = false;
    const watch = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        watch.disconnect();
        read(attachment)
          .then(picture)
          .then((blob) => {
            if (gone) return;
            address = blob ? URL.createObjectURL(blob) : "";
            show({ address, words: blob ? "" : "no preview" });
          })
          .catch((error: unknown) => {
            if (!gone) show({ address: "", words: error instanceof Error ? error.message : "could not be read" });
          });
      },
      { rootMargin: "200px" },
    );
    watch.observe(place.current);
    return () => {
      gone = true;
      watch.disconnect();
      if (address) URL.revokeObjectURL(address);
    };
  }, [attachment?.run.id, attachment?.name]);
  return figure;
}

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { sizeWords } from "../notebook/files";
import type { TabFile } from "../results/records";
import type { Attachment } from "../source";

interface Props {
  file: TabFile;
  attachments: ReadonlyMap<string, Attachment>;
  read: (attachment: Attachment) => Promise<Blob>;
}

/** Of a file that is opened, bytes from its beginning. */
const SHOWN = 200_000;

/** A file that is read when somebody wants it, and shown as text, whatever it is. */
export function FileText({ file, attachments, read }: Props): JSX.Element {
  const [text, setText] = useState<string | null>(null);
  const attachment = attachments.get(file.attachment);
  const note = [sizeWords(file.size), file.note].filter(Boolean).join(", ");
  if (!attachment) {
    return (
      <p>
        {file.name} <span class="muted">{note}</span>
      </p>
    );
  }
  const open = async () => {
    setText("Reading…");
    try {
      setText(await beginning(await read(attachment)));
    } catch (error) {
      setText(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <details onToggle={(event) => event.currentTarget.open && text === null && void open()}>
      <summary>
        {file.name} <span class="muted">{note}</span>
      </summary>
      <pre tabIndex={0}>{text}</pre>
    </details>
  );
}

async function beginning(content: Blob): Promise<string> {
  const text = await content.slice(0, SHOWN).text();
  return content.size > SHOWN ? `${text}\n… ${sizeWords(content.size - SHOWN)} more are in the attachment.` : text;
}

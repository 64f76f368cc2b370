/** A figure as it was and as it is: side by side, or one over the other. */

import { useId, useState } from "preact/hooks";
import type { RecordedOutput } from "../results/records";
import { pictureAddress } from "./picture-address";

export interface PicturesProps {
  before: RecordedOutput | null;
  after: RecordedOutput | null;
  title: string;
}

export function Pictures({ before, after, title }: PicturesProps) {
  const [over, setOver] = useState(false);
  const [first, second] = [before && pictureAddress(before), after && pictureAddress(after)];
  return (
    <>
      {first && second && (
        <button type="button" class="quiet" aria-pressed={over} onClick={() => setOver(!over)}>
          One over the other
        </button>
      )}
      {over && first && second ? (
        <Overlay before={first} after={second} title={title} />
      ) : (
        <div class="changes-pictures">
          {before && <Picture address={first} words="Before" title={title} />}
          {after && <Picture address={second} words={before ? "Now" : "New"} title={title} />}
        </div>
      )}
    </>
  );
}

function Picture({ address, words, title }: { address: string | null; words: string; title: string }) {
  return (
    <figure>
      <figcaption>{words}</figcaption>
      {address ? <img src={address} alt={`${title}, ${words.toLowerCase()}`} /> : <p class="changes-note">It is too large for the record: see the notebook.</p>}
    </figure>
  );
}

function Overlay({ before, after, title }: { before: string; after: string; title: string }) {
  const [share, setShare] = useState(50);
  const id = useId();
  return (
    <div class="changes-overlay">
      <label for={id}>From before to now</label>
      <input id={id} type="range" min={0} max={100} value={share} onInput={(event) => setShare(event.currentTarget.valueAsNumber)} />
      <div>
        <img src={before} alt={`${title}, before`} />
        <img src={after} alt={`${title}, now`} style={{ opacity: share / 100 }} />
      </div>
    </div>
  );
}

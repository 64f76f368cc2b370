/** A recorded picture as an address that can be nothing else. */

import type { RecordedOutput } from "../results/records";

const KINDS: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

/** None where the record has not got it. */
export function pictureAddress({ image, mime }: RecordedOutput): string | null {
  return KINDS.has(mime) && /^[A-Za-z0-9+/]+={0,2}$/.test(image) ? `data:${mime};base64,${image}` : null;
}

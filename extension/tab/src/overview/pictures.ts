/** Pictures that came out of notebooks: what may be shown, and as what. */

const SIGNATURES: readonly (readonly [type: string, offset: number, bytes: string])[] = [
  ["image/png", 0, "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", 0, "\xff\xd8\xff"],
  ["image/gif", 0, "GIF8"],
  ["image/webp", 8, "WEBP"],
];
const LARGEST = 2_000_000; // bytes
const MOST_PIXELS = 50_000_000; // a small file can unpack to more than a browser has memory for

/** The same bytes under their true type; none of another kind than PNG, JPEG, GIF and WebP, nor of what is too large. */
export async function picture(blob: Blob): Promise<Blob | null> {
  if (blob.size > LARGEST) return null;
  const head = await blob.slice(0, 24).arrayBuffer();
  const text = String.fromCharCode(...new Uint8Array(head));
  const type = SIGNATURES.find(([, offset, bytes]) => text.startsWith(bytes, offset))?.[0];
  if (!type || (type === "image/png" && pixels(head) > MOST_PIXELS)) return null;
  return new Blob([blob], { type });
}

/** The anchor of the cell that a picture's file is named after: `cell-6` for `cell-007-1.png`; empty for others. */
export function cellOf(name: string): string {
  const position = /^cell-(\d+)-\d+\./.exec(name)?.[1];
  return position ? `cell-${Number(position) - 1}` : "";
}

function pixels(head: ArrayBuffer): number {
  if (head.byteLength < 24) return 0;
  const view = new DataView(head);
  return view.getUint32(16) * view.getUint32(20);
}

/** Where attachments are: of a build's, the service says it only in the attachment's own address. */

/** Of all that the tasks attach for the tab. */
export const TYPE = "amltasks.notebooks";

export interface TimelineRecord {
  timeline: string;
  record: string;
}

const ID = "([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})";
// Looked for, not counted: dev.azure.com, {organization}.visualstudio.com and servers have different paths before it.
const ATTACHMENT = new RegExp(`/builds/\\d+/${ID}/${ID}/attachments/`, "i");

/** null where the address is none of an attachment of a build. */
export function timelineRecord(address: unknown): TimelineRecord | null {
  const [, timeline, record] = ATTACHMENT.exec(typeof address === "string" ? address : "") ?? [];
  return timeline && record ? { timeline, record } : null;
}

/** Where its page is, of what Azure DevOps links to it; empty where it does not say. */
export function webAddress(links: unknown): string {
  const address = href(links, "web");
  return /^https?:\/\//.test(address) ? address : "";
}

/** The address of a kind among `_links`; empty where there is none. */
export function href(links: unknown, kind: "self" | "web"): string {
  const found = (links as Partial<Record<string, { href?: unknown }>> | null | undefined)?.[kind]?.href;
  return typeof found === "string" ? found : "";
}

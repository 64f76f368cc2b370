/**
 * A notebook's page as the document of a frame that may do nothing.
 *
 * Anybody who runs a pipeline can attach anything to it, so nothing is taken on trust that the task should have written.
 * The frame's `sandbox` allows no script, form or window, and the policy allows no address. But Chromium connects to
 * where a frame, a hint or a clicked link would lead before any policy is asked: so only elements that the task writes
 * stay elements, and only links within the page stay links. Everything else is shown as the text it is.
 */

const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri about:; form-action 'none'; frame-src 'none'";

/** As a document of its own the page would resolve `#cell-3` against the tab's address, and lead there. */
const HEAD = `<!DOCTYPE html><html class="in-tab"><head><meta http-equiv="Content-Security-Policy" content="${POLICY}"><base href="about:srcdoc">`;

const ELEMENTS = `
  abbr article b bdi bdo blockquote body br caption cite code col colgroup dd del details dfn div dl dt em figcaption
  figure footer h1 h2 h3 h4 h5 h6 head header hr html i img ins kbd li main mark nav ol p pre q s samp section small
  span strike strong style sub summary sup table tbody td tfoot th thead title tr tt u ul var wbr
  maction math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle
  msub msubsup msup mtable mtd mtext mtr munder munderover none
`;
const NAMES = ELEMENTS.trim().split(/\s+/).join("|");
const LINK_WITHIN = String.raw`a(?:\s(?:(?:id|class|title|style|dir|lang|aria-[a-z]+)="[^"]*"|href="#[^"]*"))*>`;
// What follows `<!` is a document type or a comment.
const FOREIGN = new RegExp(String.raw`<(?=[a-z/!?])(?!/?(?:${NAMES})[\s/>]|/a>|${LINK_WITHIN}|![a-z])`, "gi");
/** The page says them for whoever opens it by itself; here they would be shown as text. */
const OF_THE_HEAD = /<(?=(?:meta|link)\s)/gi;

/** The `srcdoc` of a frame; takes time in proportion to the page's length. */
export function frameDocument(page: string): string {
  return HEAD + page.replace(OF_THE_HEAD, "<!").replace(FOREIGN, "&lt;");
}

/** Whether it is an anchor of the page, and nothing else. */
export function isAnchor(cell: string): boolean {
  return /^(?:cell|failing)-\d{1,6}$/.test(cell);
}

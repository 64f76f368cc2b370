/** Azure DevOps says by `Retry-After` how long it wants no request. Its client shows no headers, so `fetch` looks. */

const MOST_TRIES = 4;
const UNSAID_SECONDS = 10; // where it is busy, but a browser may not see for how long
const LONGEST_SECONDS = 120; // nobody waits longer for a page

/** From now on, requests of this page wait as long as they are told to; refused ones are sent again, as all only read. */
export function keepPace(): void {
  const send = globalThis.fetch.bind(globalThis);
  let notBefore = 0;
  globalThis.fetch = async (input, init) => {
    for (let tries = 1; ; tries += 1) {
      await until(() => notBefore);
      const response = await send(input, init);
      const refused = response.status === 429 || response.status === 503;
      const seconds = asked(response.headers.get("Retry-After")) ?? (refused ? UNSAID_SECONDS : 0);
      if (seconds > LONGEST_SECONDS) return response;
      notBefore = Math.max(notBefore, Date.now() + seconds * 1000);
      if (!refused || tries === MOST_TRIES) return response;
    }
  };
}

/** Seconds, from the header's number or date. */
function asked(header: string | null): number | null {
  if (!header) return null;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

async function until(time: () => number): Promise<void> {
  for (let left = time() - Date.now(); left > 0; left = time() - Date.now()) {
    await new Promise((resolve) => setTimeout(resolve, left));
  }
}

/**
 * The agent's wish that the task ends. To be imported before anything else: the traps stand from the first line on.
 *
 * The agent signals this process alone: SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL. On Windows Ctrl-C and
 * Ctrl-Break arrive as SIGINT and SIGBREAK, in every process of the console.
 */

const GRACE_SECONDS = 7.0

const controller = new AbortController()
let deadline = Infinity

for (const signal of ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const) {
  process.on(signal, () => {
    if (controller.signal.aborted) return
    deadline = performance.now() + GRACE_SECONDS * 1000
    controller.abort(signal)
  })
}

/** Aborted at the first signal; its reason is the signal's name. */
export const cancellation = controller.signal

/** Milliseconds until everything must have ended; not finite before the first signal. */
export function graceLeft(): number {
  return Math.max(0, deadline - performance.now())
}

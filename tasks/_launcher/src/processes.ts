/**
 * Programs that are started here, and their end: none of them, nor what they started, outlives a cancellation.
 *
 * Each leads a process group of its own and carries this invocation's mark in its environment. By the mark those are
 * found, on Linux, that have left the group; elsewhere the group alone is known. Windows has no groups to signal: there
 * a program shares our console, gets Ctrl-C with us, and is ended with its tree.
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { cancellation, graceLeft } from './cancellation'

const WINDOWS = process.platform === 'win32'
const MARK = 'AMLTASKS_INVOCATION'
const invocation = randomUUID()

/** How a program ended: one of the two is set. */
export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface RunOptions {
  env: NodeJS.ProcessEnv
  cwd?: string
  /** Written to its standard input; nothing to read there when left out. */
  input?: string
  /** Called for each line of its output; without, the output goes where ours goes, unchanged. */
  onLine?: (line: string) => void
}

/**
 * Runs a program to its end. After a cancellation it has the time that is left to end by itself; then it is killed, and
 * with it all that it left behind. Throws the cancellation's reason when that came before the start.
 */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<Ending> {
  cancellation.throwIfAborted()
  const output = options.onLine ? 'pipe' : 'inherit'
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: marked(options.env),
    stdio: [options.input === undefined ? 'ignore' : 'pipe', output, output],
    detached: !WINDOWS,
    windowsHide: true,
  })
  let killing: NodeJS.Timeout | undefined
  const onCancel = () => {
    if (!WINDOWS) signalGroup(child, cancellation.reason)
    killing = setTimeout(() => kill(child), graceLeft())
  }
  cancellation.addEventListener('abort', onCancel, { once: true })
  try {
    return await ending(child, options)
  } finally {
    cancellation.removeEventListener('abort', onCancel)
    clearTimeout(killing)
    if (cancellation.aborted) {
      kill(child)
      await killLeftovers()
    }
  }
}

/** An environment that has this invocation's mark: what is started with it is found by `killLeftovers`. */
export function marked(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, [MARK]: invocation }
}

/** Kills every process that carries this invocation's mark (Linux). */
export async function killLeftovers(): Promise<void> {
  // More than one round: a process may have been born while the list was read, or not have its environment yet.
  for (let round = 0; round < 50; round++) {
    const environments = [...processEnvironments()]
    const pids = environments.filter(([, text]) => isMarked(text)).map(([pid]) => pid)
    const isBeingLoaded = environments.some(([pid, text]) => text === '' && isProgram(pid))
    // Not for long: there are programs that never have an environment.
    if (pids.length === 0 && (!isBeingLoaded || round >= 20)) return
    for (const pid of pids) sendSignal(pid, 'SIGKILL')
    await sleep(10)
  }
}

function ending(child: ChildProcess, options: RunOptions): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (!options.onLine) return resolve({ code, signal })
      // Grandchildren may hold the pipes open for as long as they live: what is there by now is read, then no more.
      setTimeout(() => resolve({ code, signal }), 200).unref()
      child.once('close', () => resolve({ code, signal }))
    })
    for (const stream of [child.stdout, child.stderr]) {
      if (stream && options.onLine) createInterface({ input: stream }).on('line', options.onLine)
    }
    // A child that ends without reading breaks the pipe; how it ended says more than that.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input)
  })
}

function kill(child: ChildProcess): void {
  if (!WINDOWS) signalGroup(child, 'SIGKILL')
  else if (child.exitCode === null) spawnSync('taskkill', ['/T', '/F', '/PID', String(child.pid)])
}

function signalGroup(leader: ChildProcess, signal: NodeJS.Signals): void {
  if (leader.pid !== undefined) sendSignal(-leader.pid, signal)
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // Gone already, or it has become another user's: neither can be signalled, nor need it be.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** Of all processes that there are. */
function processEnvironments(): Map<number, string> {
  if (process.platform !== 'linux') return new Map()
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return new Map(pids.map((pid) => [Number(pid), environmentOf(pid)]))
}

function isMarked(environment: string): boolean {
  return environment.split('\0').includes(`${MARK}=${invocation}`)
}

/** NUL-separated assignments; empty for a process that has ended, belongs to another user, or is just being loaded. */
function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return ''
  }
}

/** Whether it runs a program that we may look into: nothing of the kernel, nor a process that has ended. */
function isProgram(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`)
    return true
  } catch {
    return false
  }
}

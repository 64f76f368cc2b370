/**
 * The task's own Python environment: made once for each payload, lock and interpreter, and kept on the agent.
 *
 *     <Agent.ToolsDirectory>/amltasks/<key>-<generation>/    ready: never changed, only replaced by the next generation
 *     <Agent.ToolsDirectory>/amltasks/<key>.new-<random>/    being made; its time stamp is renewed while somebody does
 *
 * No locks: each job builds its own and renames it; the rename fails where another job was faster, and that one's is
 * used. A ready environment from which files have gone (agents are cleaned by strange brooms) is left to whoever may
 * still run in it, and the next generation is made. An environment cannot be renamed with its scripts in working order
 * (they hold its path): nothing here needs them.
 */

import { createHash, randomBytes } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from './failure'
import { install, pythonOf } from './installer'
import { withPackages, type Payload } from './packages'
import type { Interpreter } from './python'

const MARKER = 'ready.json'
const UNFINISHED = '.new-'
const HEARTBEAT_SECONDS = 20
const ABANDONED_AFTER_SECONDS = 15 * 60
const REPLACED_AFTER_SECONDS = 24 * 3600
const UNUSED_AFTER_SECONDS = 30 * 24 * 3600

interface Generation {
  number: number
  folder: string
}

/** The environment's interpreter; makes the environment first where there is none. */
export async function environmentPython(payload: Payload, interpreter: Interpreter): Promise<string> {
  const key = keyOf(payload, interpreter)
  const ready = roots()
    .map((root) => newest(root, key))
    .find((generation) => generation && isReady(generation.folder))
  if (ready) {
    keepFresh(join(ready.folder, MARKER))
    return pythonOf(ready.folder)
  }
  return pythonOf(await make(key, payload, interpreter))
}

function keyOf({ file, lock }: Payload, { identity }: Interpreter): string {
  const hash = createHash('sha256')
  for (const part of [readFileSync(file), lock, identity]) hash.update(part).update('\0')
  return hash.digest('hex').slice(0, 20)
}

async function make(key: string, payload: Payload, interpreter: Interpreter): Promise<string> {
  const root = writableRoot()
  const building = join(root, `${key}${UNFINISHED}${randomBytes(4).toString('hex')}`)
  const started = performance.now()
  console.log(`##[group]Preparing the task's Python environment (once for Python ${interpreter.version} on this agent)`)
  const last = newest(root, key)
  if (last) console.log(`Files have gone from ${last.folder}: it is made anew.`)
  const heartbeat = setInterval(() => keepFresh(building), HEARTBEAT_SECONDS * 1000)
  try {
    await withPackages(payload, interpreter, (packages) => install(building, interpreter, packages))
    writeFileSync(join(building, MARKER), JSON.stringify({ files: countFiles(building) }))
    const folder = await settle(building, root, key)
    prune(root, key)
    console.log(`Ready after ${((performance.now() - started) / 1000).toFixed(1)} s: ${folder}`)
    return folder
  } finally {
    clearInterval(heartbeat)
    rmSync(building, { recursive: true, force: true, maxRetries: 3 })
    console.log('##[endgroup]')
  }
}

/** Gives what was built its name; answers with another job's environment where that came first. */
async function settle(building: string, root: string, key: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    const last = newest(root, key)
    if (last && isReady(last.folder)) return last.folder
    const folder = join(root, `${key}-${(last?.number ?? 0) + 1}`)
    try {
      renameSync(building, folder)
      return folder
    } catch (error) {
      // Taken since we looked, or (Windows) a virus scanner still reads the new files.
      if (tries === 50 || !['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error))) throw error
      await sleep(200)
    }
  }
}

function newest(root: string, key: string): Generation | undefined {
  return generations(root, key).at(-1)
}

/** Oldest first. */
function generations(root: string, key: string): Generation[] {
  return entries(root)
    .filter((name) => name.startsWith(`${key}-`))
    .map((name) => ({ number: Number(name.slice(key.length + 1)), folder: join(root, name) }))
    .sort((a, b) => a.number - b.number)
}

/** Whether it was finished and nothing has gone from it since: as many files as the marker says, and an interpreter. */
function isReady(folder: string): boolean {
  try {
    const { files } = JSON.parse(readFileSync(join(folder, MARKER), 'utf8')) as { files: number }
    return existsSync(pythonOf(folder)) && countFiles(folder) === files
  } catch {
    return false
  }
}

/** All files but the marker and the byte code, which Python adds as it likes. */
function countFiles(folder: string): number {
  let count = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) count += entry.name === '__pycache__' ? 0 : countFiles(join(folder, entry.name))
    else if (entry.name !== MARKER) count += 1
  }
  return count
}

/** Takes away what nobody uses: unfinished ones that nobody works at, replaced generations, the long unused. */
function prune(root: string, key: string): void {
  const replaced = generations(root, key)
    .slice(0, -1)
    .map(({ folder }) => folder)
  const mayRest = (folder: string) => {
    if (folder.includes(UNFINISHED)) return ABANDONED_AFTER_SECONDS
    return replaced.includes(folder) ? REPLACED_AFTER_SECONDS : UNUSED_AFTER_SECONDS
  }
  for (const folder of entries(root).map((name) => join(root, name))) {
    const rested = ageOf(join(folder, MARKER)) ?? ageOf(folder) ?? 0
    if (rested > mayRest(folder)) remove(folder)
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch (error) {
    console.log(`Left behind: ${folder} (${codeOf(error)})`)
  }
}

/** Where environments may lie, best first. The agent empties its temporary folder with every job. */
function roots(): string[] {
  const folders = [process.env['AGENT_TOOLSDIRECTORY'], process.env['AGENT_TEMPDIRECTORY']]
  return folders.flatMap((folder) => (folder ? [join(folder, 'amltasks')] : []))
}

function writableRoot(): string {
  const problems: string[] = []
  for (const root of roots()) {
    try {
      mkdirSync(root, { recursive: true })
      accessSync(root, constants.W_OK)
      return root
    } catch (error) {
      problems.push(`${root} (${codeOf(error)})`)
    }
  }
  const why = problems.join(', ') || 'Agent.ToolsDirectory and Agent.TempDirectory are not set'
  throw new Failure(`There is no folder that the task's Python environment could be written to: ${why}.`)
}

/** Renews a time stamp; in an image that is read-only there is nobody who would take it away either. */
function keepFresh(path: string): void {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    return
  }
}

/** Seconds since the last renewal of a time stamp. */
function ageOf(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && (Date.now() - stat.mtimeMs) / 1000
}

function entries(root: string): string[] {
  return existsSync(root) ? readdirSync(root) : []
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}

/** The Python that the task's own environment is made of: the first on PATH that is new enough, or the notebooks'. */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { cancellation } from './cancellation'
import { Failure } from './failure'
import { killLeftovers, marked } from './processes'

const OLDEST = [3, 10] as const
const PROBE_SECONDS = 15
const WINDOWS = process.platform === 'win32'

export interface Interpreter {
  executable: string
  /** For example 3.11.7. */
  version: string
  /** All that an environment made of it depends on: version, build, installation, platform, C library. */
  identity: string
}

/** A command that may start a Python. */
type Candidate = readonly [program: string, ...args: string[]]

// -S leaves site-packages alone, which takes a quarter of the time; sys and os are enough.
const PROBE = `
import os, sys
libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", ()) else ""
machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
build = (sys.implementation.name, sys.version, sys.base_prefix, sys.platform, machine, sys.maxsize, libc)
print("\\n".join([sys.executable, "%d.%d.%d" % sys.version_info[:3], ascii(build)]))
`

/** named: the notebooks' interpreter, where a step names one. Throws a Failure that says what was found instead. */
export async function findPython(named = ''): Promise<Interpreter> {
  const rejected: string[] = []
  for (const candidate of [...candidates(), ...(isAbsolute(named) ? [[named] as const] : [])]) {
    const found = await probe(candidate)
    if (found && isNewEnough(found.version)) return found
    rejected.push(`${candidate.join(' ')} ${found ? `is ${found.version}` : 'cannot be run'}`)
  }
  const seen = rejected.length > 0 ? ` (${rejected.join(', ')})` : ''
  throw new Failure(
    `No Python ${OLDEST.join('.')} or newer is on PATH${seen}: put the task UsePythonVersion@0 before this one, ` +
      `or install Python on the agent.`,
  )
}

/** In order: what stands first on PATH, then newer ones beside an old `python3`, then the Windows launcher. */
function candidates(): Candidate[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const plain = WINDOWS ? ['python.exe', 'python3.exe'] : ['python3', 'python']
  const numbered = WINDOWS ? [] : [14, 13, 12, 11, 10].map((minor) => `python3.${minor}`)
  const on = (names: readonly string[]) => folders.flatMap((folder) => names.map((name) => join(folder, name)))
  const files = [...new Set([...on(plain), ...on(numbered)])].filter((file) => existsSync(file))
  return [...files.map((file): Candidate => [file]), ...(WINDOWS ? [['py', '-3'] as const] : [])]
}

async function probe([program, ...args]: Candidate): Promise<Interpreter | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args, '-I', '-S', '-X', 'utf8', '-c', PROBE], {
      env: marked(process.env),
      timeout: PROBE_SECONDS * 1000,
      signal: cancellation,
      windowsHide: true,
    })
    const [executable, version, identity] = stdout.split(/\r?\n/)
    return executable && version && identity ? { executable, version, identity } : undefined
  } catch {
    // Python 2, a shim without a version behind it, the Microsoft Store's stand-in: not a Python for us.
    await killLeftovers() // a shim, as pyenv has them, is a script: what it has started is not ended with it
    cancellation.throwIfAborted()
    return undefined
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

/** Makes a virtual environment of locked packages: with uv where it can be had, with pip elsewhere. */

import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cancellation } from './cancellation'
import { Failure } from './failure'
import type { Packages } from './packages'
import { run } from './processes'
import { proxyEnvironment } from './proxy'
import type { Interpreter } from './python'

const PAUSE_SECONDS = 3
const SHOWN_LINES = 4

type Command = readonly string[]

interface Installer {
  name: string
  commands: readonly Command[]
}

export function pythonOf(environment: string): string {
  return process.platform === 'win32' ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python')
}

/** Every installer is tried; pip twice where it is the only one. Throws a Failure with what each said at its end. */
export async function install(environment: string, interpreter: Interpreter, packages: Packages): Promise<void> {
  const folder = dirname(environment)
  const uv = await findUv(interpreter, folder)
  const pip = withPip(environment, interpreter, packages)
  const problems: string[] = []
  for (const installer of uv ? [withUv(uv, environment, interpreter, packages), pip] : [pip, pip]) {
    if (problems.length > 0) {
      console.log(`Not done: ${problems.at(-1)}. Trying with ${installer.name} in ${PAUSE_SECONDS} s.`)
      await sleep(PAUSE_SECONDS * 1000, undefined, { signal: cancellation })
    }
    rmSync(environment, { recursive: true, force: true })
    const problem = await attempt(installer, folder, interpreter)
    if (problem === undefined) return
    problems.push(problem)
  }
  throw new Failure(
    `The Python environment that the task runs in could not be made: ${[...new Set(problems)].join('; ')}. ` +
      `The agent must reach the Python Package Index, or a mirror that pip's or uv's configuration names.`,
  )
}

/** What went wrong, in words; undefined when nothing did. */
async function attempt(installer: Installer, folder: string, interpreter: Interpreter): Promise<string | undefined> {
  for (const [program, ...args] of installer.commands) {
    const lines: string[] = []
    const ending = await run(program!, args, {
      env: installerEnvironment(),
      // Not the job's folder: uv would take the settings of a pyproject.toml there.
      cwd: folder,
      onLine: (line) => {
        lines.push(line)
        console.log(neutral(line))
      },
    })
    cancellation.throwIfAborted()
    if (ending.code !== 0) return whatWentWrong(installer.name, ending.code ?? ending.signal, lines, interpreter)
  }
  return undefined
}

function whatWentWrong(
  installer: string,
  ending: number | string | null,
  lines: readonly string[],
  { executable, version }: Interpreter,
): string {
  if (/ensurepip is not|No module named '?(venv|ensurepip)/.test(lines.join('\n'))) {
    return (
      `Python ${version} (${executable}) lacks the module venv, which Debian and Ubuntu keep in the package ` +
      `python${version.split('.', 2).join('.')}-venv; the task UsePythonVersion@0 gives a Python that has it, ` +
      `and with uv on PATH it is not needed`
    )
  }
  const last = lines.map((line) => neutral(line.trim())).filter(Boolean).slice(-SHOWN_LINES)
  return `${installer} ended with ${ending}: ${last.join(' | ').replace(/\.$/, '')}`
}

function withUv(uv: Command, environment: string, { executable }: Interpreter, { lock, wheel }: Packages): Installer {
  const into = [...uv, 'pip', 'install', '--python', pythonOf(environment)]
  return {
    name: 'uv',
    commands: [
      [...uv, 'venv', '--quiet', '--python', executable, environment],
      [...into, '--compile-bytecode', '--require-hashes', '-r', lock],
      [...into, '--compile-bytecode', '--quiet', '--no-index', '--no-deps', wheel],
    ],
  }
}

function withPip(environment: string, { executable }: Interpreter, { lock, wheel }: Packages): Installer {
  const into = [pythonOf(environment), '-I', '-m', 'pip', 'install', '--progress-bar', 'off']
  return {
    name: 'pip',
    commands: [
      [executable, '-I', '-m', 'venv', environment],
      [...into, '--require-hashes', '-r', lock],
      [...into, '--quiet', '--no-index', '--no-deps', wheel],
    ],
  }
}

/** How to call uv: from PATH, or as a module of the interpreter. */
async function findUv({ executable }: Interpreter, cwd: string): Promise<Command | undefined> {
  for (const uv of [['uv'], [executable, '-m', 'uv']] as const) {
    const [program, ...args] = uv
    try {
      await promisify(execFile)(program, [...args, '--version'], { cwd, signal: cancellation, windowsHide: true })
      return uv
    } catch {
      cancellation.throwIfAborted()
    }
  }
  return undefined
}

/**
 * The agent's own settings stand (mirrors, certificates, proxies), but for those that would install elsewhere. What the
 * job told pip by its environment, as the task PipAuthenticate does, uv is told too.
 */
function installerEnvironment(): NodeJS.ProcessEnv {
  const { PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, UV_INDEX_URL, UV_EXTRA_INDEX_URL } = process.env
  return {
    ...process.env,
    ...proxyEnvironment(PIP_INDEX_URL || process.env['SYSTEM_COLLECTIONURI']),
    NO_COLOR: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
    PIP_USER: '0',
    PYTHONUTF8: '1',
    UV_INDEX_URL: UV_INDEX_URL || PIP_INDEX_URL,
    UV_EXTRA_INDEX_URL: UV_EXTRA_INDEX_URL || PIP_EXTRA_INDEX_URL,
    // As pip does: any index may have the file. It is the hash that decides what is installed.
    UV_INDEX_STRATEGY: 'unsafe-best-match',
    // A proxy's own certificate authority is known to the system, not to uv.
    UV_SYSTEM_CERTS: '1',
    UV_PYTHON_DOWNLOADS: 'never',
  }
}

/** The agent would obey a logging command in an installer's output. */
function neutral(line: string): string {
  return line.replace(/##(?=(vso)?\[)/gi, '# #')
}

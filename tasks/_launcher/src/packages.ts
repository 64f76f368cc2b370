/** What the environment is made of, as it is packed with the task (scripts/payload.py), and the files that installers want. */

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { cancellation } from './cancellation'
import { Failure } from './failure'
import { run } from './processes'
import type { Interpreter } from './python'

/** What is packed, and which of its locks is wanted. */
export interface Payload {
  file: string
  lock: string
}

/** What goes into the environment. */
export interface Packages {
  /** Requirements with versions and hashes. */
  lock: string
  /** Our own package. */
  wheel: string
}

interface Content {
  /** The wheel's name. */
  wheel: string
  /** Texts by their paths in the wheel; its RECORD is made here. */
  files: Record<string, string>
  locks: Record<string, string>
}

/** The packages are there, in the job's temporary folder, for as long as they are used. */
export async function withPackages(
  payload: Payload,
  interpreter: Interpreter,
  use: (packages: Packages) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(process.env['AGENT_TEMPDIRECTORY'] || tmpdir(), 'amltasks-packages-'))
  try {
    await use(await unpack(payload, folder, interpreter))
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function unpack({ file, lock }: Payload, folder: string, { executable }: Interpreter): Promise<Packages> {
  const { wheel, files, locks } = JSON.parse(brotliDecompressSync(readFileSync(file)).toString()) as Content
  const record = `${wheel.split('-', 2).join('-')}.dist-info/RECORD`
  const lines = Object.entries(files).map(([path, text]) => `${path},${digestOf(text)},${Buffer.byteLength(text)}\n`)
  write(folder, { [lock]: locks[lock]!, ...files, [record]: `${lines.join('')}${record},,\n` })
  const parts = new Set(Object.keys(files).map((path) => path.split('/', 1)[0]!))
  await zip(executable, folder, wheel, [...parts])
  return { lock: join(folder, lock), wheel: join(folder, wheel) }
}

function write(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** As the form of wheels wants it. */
function digestOf(text: string): string {
  return `sha256=${createHash('sha256').update(text).digest('base64url')}`
}

/** By Python's own program for that: Node has none. */
async function zip(python: string, folder: string, archive: string, parts: readonly string[]): Promise<void> {
  const said: string[] = []
  const ending = await run(python, ['-I', '-S', '-m', 'zipfile', '-c', archive, ...parts], {
    env: process.env,
    cwd: folder,
    onLine: (line) => said.push(line),
  })
  cancellation.throwIfAborted()
  if (ending.code !== 0) {
    throw new Failure(`The task's packages could not be unpacked into ${folder}: ${said.at(-1) ?? 'Python says nothing'}.`)
  }
}

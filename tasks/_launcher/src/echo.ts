import { Writable } from 'node:stream'
import * as tl from 'azure-pipelines-task-lib/task'

/** task-lib writes each value that is read to the log, as a debug command: secrets have no business there. */
export function withoutEcho<T>(read: () => T): T {
  tl.setStdStream(new Writable({ write: (_chunk, _encoding, done) => done() }))
  try {
    return read()
  } finally {
    tl.setStdStream(process.stdout)
  }
}

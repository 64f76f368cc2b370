/**
 * The one handler of every task: prepares Python, hands the job over, and ends as it ends.
 *
 * What the task does and how it fares is Python's business; it says so in the log and in its exit code (1 notebooks
 * failed, 2 bad input, 3 could not run or publish, 130 cancelled).
 */

import { cancellation } from './cancellation'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as tl from 'azure-pipelines-task-lib/task'
import { environmentPython } from './environment'
import { Failure } from './failure'
import { readDefinition, readJob } from './inputs'
import type { Payload } from './packages'
import { killLeftovers, run, type Ending } from './processes'
import { proxyEnvironment } from './proxy'
import { findPython } from './python'

const TASK_FOLDER = __dirname
const PAYLOAD = 'packages.json.br'
const EXIT_CANCELLED = 130
/** What each platform's environment holds. An SDK comes only with its own, and two of them never together. */
const LOCKS: Readonly<Record<string, string>> = { azureml: 'azureml.lock', 'azureml-v1': 'azureml-v1.lock' }
/** Exit codes by which Python says that it has told its verdict itself: notebooks failed, bad input, not done. */
const VERDICTS = [1, 2, 3]

async function main(): Promise<void> {
  const job = readJob(readDefinition(TASK_FOLDER))
  if (job.phase === 'post' && !job.state) {
    console.log('Nothing is left to do for this step.')
    return
  }
  const python = await environmentPython(payload(job.inputs['platform'] ?? ''), await findPython(job.inputs['python']))
  const ending = await run(python, ['-I', '-u', '-X', 'utf8', join(TASK_FOLDER, 'main.py')], {
    env: pythonEnvironment(),
    input: JSON.stringify(job),
  })
  // A cancelled step's result is the agent's to say (cancelled, or failed by time-out): we only do not claim success.
  if (cancellation.aborted || ending.code === EXIT_CANCELLED) {
    process.exitCode = EXIT_CANCELLED
  } else if (ending.code !== 0) {
    await fail(ending)
  }
}

function payload(platform: string): Payload {
  const file = join(TASK_FOLDER, PAYLOAD)
  if (!existsSync(file)) throw new Failure(`There is no ${PAYLOAD} in ${TASK_FOLDER}: it is not as it was installed.`)
  return { file, lock: LOCKS[platform.trim().toLowerCase()] ?? 'runner.lock' }
}

/** Ours, from which task-lib has taken the inputs and secrets. */
function pythonEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...proxyEnvironment(process.env['SYSTEM_COLLECTIONURI']),
    PYTHONUNBUFFERED: '1',
    PYTHONIOENCODING: 'utf-8',
    // The SDK's cache of addresses: in the home folder all agents of this account would share it, half written.
    AZURE_DEVOPS_CACHE_DIR: join(process.env['AGENT_TEMPDIRECTORY'] ?? '', 'azure-devops-cache'),
  }
}

async function fail(ending: Ending): Promise<void> {
  // Said again in case Python ended by an error of ours and not by a verdict: the worst result counts, twice is once.
  if (ending.code !== null && VERDICTS.includes(ending.code)) {
    tl.setResult(tl.TaskResult.Failed, '')
    return
  }
  await killLeftovers()
  const outOfMemory =
    ending.signal === 'SIGKILL' || ending.code === 137
      ? ' Most likely the machine ran out of memory: fewer notebooks at once (maxParallel) or a larger agent helps.'
      : ''
  const how = ending.signal ? `was killed by ${ending.signal}` : `ended with exit code ${ending.code}`
  tl.setResult(tl.TaskResult.Failed, `Python ${how} before the task was done.${outOfMemory}`)
}

main().catch((error: unknown) => {
  if (cancellation.aborted) {
    console.log(`Cancelled by ${cancellation.reason} before anything was run.`)
    process.exitCode = EXIT_CANCELLED
  } else if (error instanceof Failure) {
    tl.setResult(tl.TaskResult.Failed, error.message)
  } else {
    throw error
  }
})

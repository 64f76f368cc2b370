/** What the agent told us, as the one JSON object that Python reads from its standard input. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tl from 'azure-pipelines-task-lib/task'
import { withoutEcho } from './echo'

/** As much of task.json as is needed here. */
export interface TaskDefinition {
  name: string
  version: { Major: number; Minor: number; Patch: number }
  inputs: readonly { name: string; type: string }[]
}

export interface Connection {
  url: string
  token: string
}

export interface Endpoint {
  id: string
  url: string
  scheme: string
  /** Secret. */
  parameters: Record<string, string>
  data: Record<string, string>
}

export interface Job {
  task: { name: string; version: string }
  /** Every input of task.json, as written; empty when not given. */
  inputs: Record<string, string>
  /** Public variables by their real names. */
  variables: Record<string, string>
  /** Secret variables by their real names. */
  secrets: Record<string, string>
  /** The connection to Azure DevOps with the job's token. */
  connection: Connection | null
  /** Service connections by the input that names them. */
  endpoints: Record<string, Endpoint>
  /** Whether the job's steps are over, and what this step has left for then. */
  phase: 'main' | 'post'
  state: string
}

// task-lib looks its address up in the environment under exactly this name, as the agent writes it.
const SYSTEM_CONNECTION = 'SYSTEMVSSCONNECTION'

export function readDefinition(taskFolder: string): TaskDefinition {
  return JSON.parse(readFileSync(join(taskFolder, 'task.json'), 'utf8')) as TaskDefinition
}

export function readJob(definition: TaskDefinition): Job {
  return withoutEcho(() => {
    const { Major, Minor, Patch } = definition.version
    const inputs = Object.fromEntries(definition.inputs.map(({ name }) => [name, tl.getInput(name) ?? '']))
    const variables = tl.getVariables()
    const named = (secret: boolean) =>
      Object.fromEntries(variables.filter((it) => it.secret === secret).map((it) => [it.name, it.value ?? '']))
    return {
      task: { name: definition.name, version: `${Major}.${Minor}.${Patch}` },
      inputs,
      variables: named(false),
      secrets: named(true),
      connection: systemConnection(),
      endpoints: endpointsOf(definition, inputs),
      phase: process.env['AMLTASKS_PHASE'] === 'post' ? 'post' : 'main',
      state: tl.getTaskVariable('amltasks') ?? '',
    }
  })
}

function systemConnection(): Connection | null {
  const url = tl.getEndpointUrl(SYSTEM_CONNECTION, true)
  const token = tl.getEndpointAuthorization(SYSTEM_CONNECTION, true)?.parameters['AccessToken']
  return url && token ? { url, token } : null
}

function endpointsOf(definition: TaskDefinition, inputs: Record<string, string>): Record<string, Endpoint> {
  const chosen = definition.inputs.filter(({ name, type }) => type.startsWith('connectedService:') && inputs[name])
  return Object.fromEntries(chosen.map(({ name }) => [name, endpoint(inputs[name]!)]))
}

function endpoint(id: string): Endpoint {
  const authorization = tl.getEndpointAuthorization(id, true)
  return {
    id,
    url: tl.getEndpointUrl(id, true) ?? '',
    scheme: authorization?.scheme ?? '',
    parameters: authorization?.parameters ?? {},
    data: JSON.parse(process.env[`ENDPOINT_DATA_${id}`] || '{}') as Record<string, string>,
  }
}

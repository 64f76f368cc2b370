/** The proxy that the agent was configured with: the agent keeps it to itself, programs look into the environment. */

import * as tl from 'azure-pipelines-task-lib/task'
import { withoutEcho } from './echo'

/** HTTPS_PROXY and HTTP_PROXY as they stand, or the agent's for this address, unless it is to be bypassed for it. */
export function proxyEnvironment(address: string | undefined): NodeJS.ProcessEnv {
  const { HTTPS_PROXY, https_proxy, HTTP_PROXY, http_proxy } = process.env
  if (HTTPS_PROXY || https_proxy || HTTP_PROXY || http_proxy || !address) return {}
  const proxy = proxyTo(address)
  return proxy ? { HTTPS_PROXY: proxy, HTTP_PROXY: proxy } : {}
}

function proxyTo(address: string): string | undefined {
  const proxy = withoutEcho(() => tl.getHttpProxyConfiguration(address))
  if (!proxy) return undefined
  const url = new URL(proxy.proxyUrl)
  url.username = proxy.proxyUsername ?? ''
  url.password = proxy.proxyPassword ?? ''
  return url.href
}

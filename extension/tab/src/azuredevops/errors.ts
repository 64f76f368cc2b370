/** What goes wrong between this page and Azure DevOps, as sentences for people. */

import { SourceError } from "../source";

/** The answer to a request of azure-devops-extension-api; rejects with a SourceError. what: `the build`. */
export async function answer<Value>(what: string, request: Promise<Value>): Promise<Value> {
  try {
    return await request;
  } catch (error) {
    throw sourceError(what, error);
  }
}

function sourceError(what: string, error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  const { status, message, name } = { status: 0, message: String(error), name: "", ...described(error) };
  if (status === 401) return new SourceError(`Azure DevOps did not let this page read ${what}: reload it to sign in again.`);
  if (status === 403) return new SourceError(`You may not read ${what}: ask for the permission to view this pipeline.`);
  if (status === 404) return new SourceError(`Azure DevOps does not find ${what}: it may have been deleted.`, true);
  if (status === 429 || status === 503) {
    return new SourceError(`Azure DevOps is busy and did not give ${what}: try again in a minute.`);
  }
  if (name === "NetworkException") {
    return new SourceError(`Azure DevOps cannot be reached to read ${what}: look at your network, then try again.`);
  }
  const because = status ? `status ${status}: ${message}` : message;
  return new SourceError(`Azure DevOps did not give ${what} (${because}): try again.`);
}

function described(error: unknown): { status?: number; message?: string; name?: string } {
  if (typeof error !== "object" || error === null) return {};
  const { status, message, name } = error as Record<string, unknown>;
  return {
    ...(typeof status === "number" && { status }),
    ...(typeof message === "string" && { message }),
    ...(typeof name === "string" && { name }),
  };
}

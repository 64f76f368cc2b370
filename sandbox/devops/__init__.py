"""The REST areas of Azure DevOps, a folder each: routes, responses, state, errors."""

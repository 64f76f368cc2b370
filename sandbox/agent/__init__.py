"""An agent that runs pipeline YAML as the real one does.

    with Server(world) as server:
        agent = Agent(world, server, work=folder, extensions=[vsix])
        result = agent.run(Path("azure-pipelines.yml"))

From the outside in: command (the command line) → Agent → runs (stages and jobs) → jobs → steps → invocation (one
start of a task) → process. What a step says on the way out goes through commands; what the YAML says on the way in
through document, templates, pipeline and expressions. The page docs/sandbox-agent.md tells what it does like the real
agent and what not.
"""

from __future__ import annotations

from sandbox.agent.agent import Agent, BuildResult
from sandbox.agent.errors import PipelineError
from sandbox.agent.process import Timing

__all__ = ["Agent", "BuildResult", "PipelineError", "Timing"]

"""What the YAML of a deployment job says beside what every job says: `strategy: runOnce: deploy: steps:` only."""

from __future__ import annotations

from sandbox.agent.document import Mapping, Node, Scalar, Sequence, fail


def environment_of(node: Mapping) -> str:
    """`environment: name`, or a mapping with the name."""
    said = node.get("environment")
    if isinstance(said, Mapping):
        for key, _ in said.entries:
            if key.text != "name":
                fail(key, f"'{key.text}' of an environment is not supported by the sandbox's agent")
        said = said.get("name")
    if not isinstance(said, Scalar) or not said.text:
        fail(node, "a deployment needs an 'environment'")
    return said.text


def deploy_steps(node: Mapping) -> Sequence:
    """The steps of `strategy: runOnce: deploy:`."""
    found: Node | None = node.get("strategy")
    for key in ("runOnce", "deploy", "steps"):
        if not isinstance(found, Mapping) or found.get(key) is None:
            fail(found or node, f"a deployment's strategy has to be 'runOnce: deploy: steps:'; '{key}' is missing")
        for other, _ in found.entries:
            if other.text not in (key, "pool"):
                fail(other, f"'{other.text}' of a deployment's strategy is not supported by the sandbox's agent")
        found = found.get(key)
    if not isinstance(found, Sequence):
        fail(node, "a deployment needs 'steps'")
    return found

"""What may know what: docs/architecture.md, held against the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Of the package's rooms: what each may import, beside itself. Everything may know errors, data, quoting.
MAY_KNOW = {
    "redaction": set(),
    "devops": {"report.model", "report.checks", "report.traceback_text"},
    "agent": {"redaction"},
    "kernels": set(),
    "notebooks": {
        "platforms.base",
        "report.model",
        "report.publishers",
        "redaction",
        "requests",
        "durations",
        "limits",
        "kernels",
    },
    "past": {
        "notebooks",
        "platforms.base",
        "report.model",
        "report.files",
        "report.results_file",
        "report.wording",
        "redaction",
        "requests",
        "kernels.preload",
    },
    "models": {"platforms.registry", "report.checks", "report.model", "report.results_file", "redaction", "durations"},
    "endpoints": {
        "platforms.registry",
        "platforms.endpoints",
        "platforms.local.serving",
        "report.checks",
        "redaction",
        "durations",
        "notebooks.core_yaml",
        "notebooks.files",
        "notebooks.strict_json",
    },
    "platforms": {
        "notebooks",
        "report.files",
        "report.model",
        "report.results_file",
        "redaction",
        "requests",
        "kernels",
        "agent.neutral",
        "cancellation",
        "limits",
    },
    "report": {"agent", "devops", "platforms.base", "notebooks.cells", "notebooks.tracebacks", "redaction"},
}
COMMON = {"errors", "data", "quoting", "sizes"}
# Only here are the SDKs imported. `azure.core` and `azure.identity` are common to those of Azure ML.
AZUREML = {
    f"platforms/azureml/{name}.py"
    for name in (
        "answers",
        "credential",
        "logs",
        "v1/answers",
        "v1/authentication",
        "v1/client",
        "v1/clusters",
        "v1/computes",
        "v1/endpoints",
        "v1/packages",
        "v1/registry",
        "v1/service",
        "v1/services",
        "v1/webservices",
        "v2/client",
        "v2/computes",
        "v2/deployment_logs",
        "v2/deployments",
        "v2/endpoint_entities",
        "v2/endpoints",
        "v2/jobs",
        "v2/registry",
        "v2/runs",
        "v2/service",
    )
}
SDKS = {
    "azure": {"devops/sdk.py", "commands/places.py"} | AZUREML,
    "azure.ai": {
        f"platforms/azureml/v2/{name}.py"
        for name in (
            "client",
            "computes",
            "deployment_logs",
            "deployments",
            "endpoint_entities",
            "endpoints",
            "jobs",
            "registry",
        )
    },
    "azureml": {
        f"platforms/azureml/v1/{name}.py"
        for name in (
            "answers",
            "authentication",
            "client",
            "clusters",
            "computes",
            "endpoints",
            "environments",
            "packages",
            "registry",
            "service",
            "services",
            "views",
            "webservices",
        )
    },
    "msrest": {"devops/client.py", "devops/sdk.py", "devops/transport.py"},
}


def imports(path: Path) -> Iterator[str]:
    """Whole names of the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        yield from imported(node)


def imported(node: ast.AST) -> Iterator[str]:
    """What one statement imports."""
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{name.name}" for name in node.names)


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(("folder", "foreign"), [("sandbox", "amltasks"), ("src/amltasks", "sandbox")])
def test_sandbox_and_tasks_meet_only_on_the_wire(folder: str, foreign: str) -> None:
    guilty = [path for path in sources(folder) if any(name.split(".")[0] == foreign for name in imports(path))]

    assert guilty == []


@pytest.mark.parametrize("room", sorted(MAY_KNOW))
def test_a_room_knows_only_what_it_may(room: str) -> None:
    allowed = MAY_KNOW[room] | COMMON | {room}
    guilty = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(f"src/amltasks/{room}")
        for name in imports(path)
        if name.startswith("amltasks.")
        and not any(name.removeprefix("amltasks.") == may or name.startswith(f"amltasks.{may}.") for may in allowed)
        and name.count(".") > 0
        and (ROOT / "src" / Path(*name.split("."))).with_suffix(".py").is_file()
    }

    assert guilty == set()


@pytest.mark.parametrize("sdk", sorted(SDKS))
def test_sdks_are_imported_in_one_place(sdk: str) -> None:
    guilty = {
        path.relative_to(ROOT / "src" / "amltasks").as_posix()
        for path in sources("src/amltasks")
        if any(f"{name}.".startswith(f"{sdk}.") for name in imports(path))
    }

    assert guilty <= SDKS[sdk]


@pytest.mark.parametrize("sdk", ["azure.ai", "azure.core", "azure.identity", "azureml"])
def test_the_sdks_of_azure_ml_are_imported_when_they_are_used(sdk: str) -> None:
    """Not with the modules that use them: no platform waits for the SDK of another one."""
    guilty = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("src/amltasks")
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        for name in imported(statement)
        if f"{name}.".startswith(f"{sdk}.")
    }

    assert guilty == set()

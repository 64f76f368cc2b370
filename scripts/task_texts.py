"""The files of a task that follow from others: strings and README from task.json, versions from the package.

They lie in the tree, where the agent's tools and readers look for them; scripts/build.py writes them anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from environment import ROOT

TASKS = ROOT / "tasks"
CULTURE = "en-US"


def version() -> str:
    """The one version of everything: `__version__` of the package, major.minor.patch."""
    source = (ROOT / "src" / "amltasks" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(\d+\.\d+\.\d+)"$', source, re.MULTILINE)
    if found is None:
        raise SystemExit('src/amltasks/__init__.py has no line __version__ = "major.minor.patch".')
    return found[1]


def task_folders() -> list[Path]:
    """The tasks' folders; what begins with an underscore is no task."""
    return sorted(file.parent for file in TASKS.glob("[!_]*/task.json"))


def generated_files() -> dict[Path, str]:
    """Every generated file of the tree with the text it must have."""
    files = {ROOT / name: _with_version(ROOT / name) for name in ("vss-extension.json", "package.json")}
    for folder in task_folders():
        task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
        task["version"] = dict(zip(("Major", "Minor", "Patch"), map(int, version().split(".")), strict=True))
        files[folder / "task.json"] = _json(task)
        files[folder / "Strings" / "resources.resjson" / CULTURE / "resources.resjson"] = _json(strings(task))
        files[folder / "README.md"] = readme(task)
    return files


def write_generated_files() -> None:
    for path, text in generated_files().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")


def strings(task: dict[str, Any]) -> dict[str, str]:
    """What of a task is shown to people, by the keys under which Azure DevOps looks for translations."""
    texts = {f"loc.{key}": task[key] for key in ("friendlyName", "helpMarkDown", "description", "instanceNameFormat")}
    for group in task["groups"]:
        texts[f"loc.group.displayName.{group['name']}"] = group["displayName"]
    for given in task["inputs"]:
        texts[f"loc.input.label.{given['name']}"] = given["label"]
        texts[f"loc.input.help.{given['name']}"] = given["helpMarkDown"]
    return texts


def readme(task: dict[str, Any]) -> str:
    """The task's page: how it is written in YAML, its inputs by group, its output variables."""
    name = f"{task['name']}@{task['version']['Major']}"
    required = [given for given in task["inputs"] if given["required"]]
    lines = ["<!-- Written by scripts/build.py from task.json. -->", "", f"# {name}: {task['friendlyName']}", ""]
    lines += [f"{task['description']}.", "", "```yaml", f"- task: {name}", "  inputs:"]
    lines += [line for given in required for line in _example(given)] + ["```", ""]
    for group in [{"name": "", "displayName": "Inputs"}, *task["groups"]]:
        lines += [f"## {group['displayName']}", ""]
        for given in task["inputs"]:
            if given.get("groupName", "") == group["name"]:
                lines += [
                    f"### `{given['name']}`: {given['label']}",
                    "",
                    f"{_kind(given)}. {given['helpMarkDown']}",
                    "",
                ]
    lines += ["## Output variables", "", "| name | |", "| --- | --- |"]
    lines += [f"| `{variable['name']}` | {variable['description']} |" for variable in task["outputVariables"]]
    return "\n".join(lines) + "\n"


def _example(given: dict[str, Any]) -> list[str]:
    """The example of an input's help, which stands there indented, as lines of YAML."""
    values = [line for line in given["helpMarkDown"].splitlines() if line.startswith("    ")]
    return [f"    {given['name']}: |", *(f"      {value.strip()}" for value in values)]


def _kind(given: dict[str, Any]) -> str:
    if given["required"]:
        return "Required"
    return f"Default: `{given['defaultValue']}`" if given.get("defaultValue") else "Optional"


def _with_version(path: Path) -> str:
    return _json({**json.loads(path.read_text(encoding="utf-8")), "version": version()})


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"

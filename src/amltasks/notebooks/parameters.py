"""Parameters as they are given: text, a file, sets of them, or `name=value` on a command line.

Values are what JSON can hold. `parameters` and every set are mappings:

    alpha: 0.1                       parameters
    - {name: strong, alpha: 10}      parameterSets; `name` names the set and is not passed on
    - {alpha: 1}                     named after its values: `alpha=1`
    - name: both                     the long form, where a parameter itself is called `name`
      parameters: {name: Ada}
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.notebooks.core_yaml import load_yaml
from amltasks.notebooks.files import read_file
from amltasks.notebooks.strict_json import ContentError, kind_of, parse_json
from amltasks.quoting import quoted

MAX_FILE_BYTES = 1024 * 1024
MAX_NAME = 60  # a set's name is read in a table and stands in file names

_FILE_NAME = re.compile(r"[^\n]+\.(?:ya?ml|json)", re.IGNORECASE)
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNRESOLVED = re.compile(r"\$\(([\w.\- ]+)\)")


class ParameterSet(Data):
    """One of the parameter sets a notebook is run with; name: short, unique among them, the same in every build."""

    name: str
    parameters: dict[str, Any]


def parse_parameters(text: str, name: str = "parameters") -> dict[str, Any]:
    """A YAML or JSON mapping; nothing is {}. Raises UserError naming `name` and the line."""
    return _as_parameters(_load(text, name), name)


def read_parameters(path: Path, root: Path, name: str = "parametersFile") -> dict[str, Any]:
    """The mapping in a YAML or JSON file inside of `root`."""
    return parse_parameters(_read(path, root, name), f"{name} {quoted(path.name)}")


def parse_parameter_sets(text: str, root: Path, name: str = "parameterSets") -> tuple[ParameterSet, ...]:
    """A YAML list of mappings, or the path (from `root`) of a file that holds one; nothing is ()."""
    if _FILE_NAME.fullmatch(text.strip()):
        path = root / text.strip()
        return as_parameter_sets(_load(_read(path, root, name), name), f"{name} {quoted(path.name)}")
    return as_parameter_sets(_load(text, name), name)


def as_parameter_sets(value: Any, name: str) -> tuple[ParameterSet, ...]:
    """The sets in a list as YAML or JSON gives it. Raises UserError: not mappings, a name or a set given twice."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UserError(f"{name}: is {kind_of(value)} instead of a list of mappings (- name: value).")
    sets = [_as_set(item, f"{name}: set {number}") for number, item in enumerate(value, 1)]
    names: dict[str, int] = {}
    values: dict[str, int] = {}
    for number, made in enumerate(sets, 1):
        same = names.setdefault(made.name, number)
        if same != number:
            raise UserError(f"{name}: set {number} has the name {quoted(made.name)} of set {same}.")
        same = values.setdefault(json.dumps(made.parameters, sort_keys=True), number)
        if same != number:
            raise UserError(f"{name}: set {number} has the values of set {same}.")
    return tuple(sets)


def parse_assignment(text: str) -> tuple[str, Any]:
    """`name=value` of a command line; the value is a YAML value, empty is empty text."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UserError(f"-p {quoted(text)}: write it as name=value.")
    return name.strip(), (_load(value, f"-p {name.strip()}") if value else "")


def parse_secret_parameters(text: str) -> dict[str, str]:
    """Lines `NAME=value` → environment variables. No value is ever part of an error."""
    variables: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):  # a secret may hold what splitlines() takes for line ends
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        variable, equals, value = line.partition("=")
        variable, value = variable.strip(), value.strip(" \t\r")
        where = f"secretParameters: line {number}"
        if not equals or not _ENVIRONMENT_NAME.fullmatch(variable):
            raise UserError(
                f"{where} is not NAME=$(secret) with NAME of letters, digits and _; "
                "a secret of several lines has to be passed base64-encoded."
            )
        unresolved = _UNRESOLVED.fullmatch(value)
        if unresolved:
            raise UserError(
                f"{where}: {variable} is to be the variable {quoted(unresolved[1])}, which this job does not have "
                "(misspelt, in a variable group that is not linked, or withheld from builds of forks)."
            )
        if not value or "\0" in value:
            raise UserError(f"{where}: {variable} is empty: set the secret variable.")
        if variable.casefold() in {name.casefold() for name in variables}:
            raise UserError(f"{where}: {variable} is given twice.")
        variables[variable] = value
    return variables


def _load(text: str, name: str) -> Any:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(text.encode("utf-8", "surrogatepass"))
        except ContentError:
            pass  # YAML's flow style looks alike, and its reader says the line
    return load_yaml(text, name)


def _read(path: Path, root: Path, name: str) -> str:
    try:
        return read_file(path, MAX_FILE_BYTES, root).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: {quoted(path.name)} is not UTF-8 (byte {error.start}): save it as UTF-8.") from None
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _as_parameters(value: Any, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        hint = "; a space is missing after the colon" if isinstance(value, str) and ":" in value else ""
        raise UserError(f"{name}: is {kind_of(value)} instead of a mapping (name: value){hint}.")
    for parameter, given in value.items():
        unresolved = _UNRESOLVED.fullmatch(given) if isinstance(given, str) else None
        if unresolved:
            raise UserError(
                f"{name}: {quoted(parameter)} is to be the variable {quoted(unresolved[1])}, which this job does not "
                "have (variables are filled into the task's inputs, not into files)."
            )
    return value


def _as_set(item: Any, where: str) -> ParameterSet:
    members = dict(_as_parameters(item, where))
    given = members.pop("name", None)
    if given is None:
        return ParameterSet(name=_derived_name(members), parameters=members)
    if isinstance(members.get("parameters"), dict) and len(members) == 1:
        members = members["parameters"]
    if isinstance(given, (bool, dict, list)) or not str(given).strip() or not str(given).isprintable():
        raise UserError(f"{where}: its name has to be text on one line.")
    if len(str(given)) > MAX_NAME:
        raise UserError(f"{where}: its name is longer than {MAX_NAME} characters.")
    return ParameterSet(name=str(given).strip(), parameters=members)


def _derived_name(parameters: dict[str, Any]) -> str:
    pairs = (f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in parameters.items())
    name = ", ".join(pairs) or "defaults"
    if len(name) <= MAX_NAME and name.isprintable():
        return name
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:8]
    printable = "".join(character if character.isprintable() else " " for character in name)
    return f"{printable[: MAX_NAME - 11].rstrip()}… {digest}"

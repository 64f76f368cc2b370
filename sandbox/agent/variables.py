"""A job's variables: names without regard to case, secrets that stay secret, read-only ones, and `$(macros)`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.agent.masking import Masker

MAX_DEPTH = 50

# What tasks may overwrite only with a warning, or not at all when `agent.readOnlyVariables` is true.
_READ_ONLY_TEXT = """agent.acceptteeeula agent.builddirectory agent.cloudid agent.containerid agent.containermapping
    agent.containernetwork agent.diagnostic agent.homedirectory agent.id agent.isselfhosted agent.gituseschannel
    agent.jobname agent.jobstatus agent.machinename agent.name agent.os agent.osarchitecture agent.osversion
    agent.proxyurl agent.proxyusername agent.proxypassword agent.proxybypasslist agent.usebasicauthforproxy
    agent.retaindefaultencoding agent.readonlyvariables agent.rootdirectory agent.runmode agent.serveromdirectory
    agent.services agent.cainfo agent.clientcert agent.clientcertkey agent.clientcertarchive agent.clientcertpassword
    agent.skipcertvalidation agent.tempdirectory agent.toolsdirectory agent.version agent.workfolder
    agent.workingdirectory agent.clean.builddirectory agent.source.git.lfs agent.source.git.shallowfetchdepth
    agent.source.skip build.artifactstagingdirectory build.binariesdirectory build.clean build.definitionname
    build.gated.runci build.gated.shelvesetname build.buildnumber build.repository.clean
    build.repository.git.submodulecheckout build.repository.id build.repository.localpath build.repository.name
    build.repository.provider build.repository.tfvc.workspace build.repository.uri build.sourcebranch
    build.sourcetfvcshelveset build.sourceversion build.sourceversionauthor build.sourceversionmessage
    build.sourcesdirectory build.stagingdirectory build.syncsources build.useserverworkspaces
    common.testresultsdirectory fix_possible_git_out_of_memory_problem pipeline.repository.name pipeline.workspace
    system.accesstoken system.artifactsdirectory system.collectionid system.culture system.debug
    system.defaultworkingdirectory system.definitionid system.definitionname system.enableaccesstoken system.hosttype
    system.isazurevm system.isdockercontainer system.jobattempt system.jobdisplayname system.jobid system.jobname
    system.phaseattempt system.phasedisplayname system.phasename system.planid system.prefergitfrompath
    system.pullrequest.targetbranch system.selfmanagegitcreds system.servertype system.sourceversionmessage
    system.stageattempt system.stagedisplayname system.stagename system.teamfoundationserveruri system.teamproject
    system.teamprojectid system.workfolder task.displayname task.publishtelemetry task.skiptranslatorforcheckout
    use_git_long_paths use_git_single_thread"""
_READ_ONLY = frozenset(_READ_ONLY_TEXT.split())


def environment_name(name: str, preserve_case: bool = False) -> str:
    """`Build.BuildId` → `BUILD_BUILDID`; a dash is kept."""
    converted = name.replace(".", "_").replace(" ", "_")
    return converted if preserve_case else converted.upper()


@dataclass(frozen=True)
class Variable:
    name: str
    value: str
    secret: bool = False
    read_only: bool = False
    preserve_case: bool = False


@dataclass(frozen=True)
class Group:
    """A variable group of the library: name → value, plain and secret."""

    plain: Mapping[str, str]
    secret: Mapping[str, str]


class Variables:
    """Safe for use from several threads. Macros inside values are resolved by expand_all, once a step."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._raw: dict[str, Variable] = {}
        self._expanded: dict[str, Variable] = {}
        self._lock = threading.RLock()

    def set(
        self, name: str, value: str, *, secret: bool = False, read_only: bool = False, preserve_case: bool = False
    ) -> None:
        """A variable that was secret or read-only stays so, whatever is said now."""
        with self._lock:
            old = self._expanded.get(name.lower())
            secret = secret or (old is not None and old.secret)
            read_only = read_only or (old is not None and old.read_only)
            if secret and value:
                self._masker.add(value)
            variable = Variable(name, value, secret, read_only, preserve_case)
            self._raw[name.lower()] = self._expanded[name.lower()] = variable

    def get(self, name: str) -> str | None:
        with self._lock:
            variable = self._expanded.get(name.lower())
        return None if variable is None else variable.value

    def is_true(self, name: str) -> bool:
        return (self.get(name) or "").lower() in ("true", "1")

    def is_read_only(self, name: str) -> bool:
        with self._lock:
            variable = self._expanded.get(name.lower())
        return variable is not None and (variable.read_only or name.lower() in _READ_ONLY)

    def all(self) -> list[Variable]:
        with self._lock:
            return list(self._expanded.values())

    @contextmanager
    def scope(self, values: Mapping[str, str]) -> Iterator[None]:
        """Values that exist only while one step runs."""
        for name, value in values.items():
            self.set(name, value)
        try:
            yield
        finally:
            with self._lock:
                for name in values:
                    self._raw.pop(name.lower(), None)
                    self._expanded.pop(name.lower(), None)

    def expand(self, text: str) -> str:
        """Replace `$(name)` by values, then by the agent's own environment; unknown ones stay as they are."""
        return _substitute(_substitute(text, self.get), os.environ.get)

    def expand_all(self) -> list[str]:
        """Resolve macros within the values of variables, to any depth; returns warnings (cycles, depth)."""
        warnings: list[str] = []
        with self._lock:
            expanded = {}
            for key, variable in self._raw.items():
                try:
                    value, secret = self._resolve(variable, (key,))
                except RecursionError as error:
                    warnings.append(str(error))
                    value, secret = variable.value, variable.secret
                if secret and value:
                    self._masker.add(value)
                expanded[key] = Variable(variable.name, value, secret, variable.read_only, variable.preserve_case)
            self._expanded = expanded
        return warnings

    def _resolve(self, variable: Variable, path: tuple[str, ...]) -> tuple[str, bool]:
        secret = variable.secret

        def look_up(name: str) -> str | None:
            nonlocal secret
            nested = self._raw.get(name.lower())
            if nested is None:
                return None
            if nested.name.lower() in path:
                raise RecursionError(f"Unable to expand variable '{path[0]}'. A cyclical reference was detected.")
            if len(path) >= MAX_DEPTH:
                raise RecursionError(
                    f"Unable to expand variable '{path[0]}'. The max expansion depth ({MAX_DEPTH}) was exceeded."
                )
            value, nested_secret = self._resolve(nested, (*path, nested.name.lower()))
            secret = secret or nested_secret
            return value

        return _substitute(variable.value, look_up), secret


def _substitute(text: str, look_up: Callable[[str], str | None]) -> str:
    """Replace each known `$(name)`; what was put in is not looked at again, what is unknown may hold a macro."""
    position = 0
    while True:
        start = text.find("$(", position)
        end = text.find(")", start + 2)
        if start < 0 or end < 0:
            return text
        value = look_up(text[start + 2 : end]) if end > start + 2 else None
        if value is None:
            position = start + 1
        else:
            text = f"{text[:start]}{value}{text[end + 1 :]}"
            position = start + len(value)

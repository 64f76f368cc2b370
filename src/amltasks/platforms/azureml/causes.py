"""Why a deployment of Azure ML has not started: its cause, and one sentence with the cause's own words."""

from __future__ import annotations

import re

from amltasks.agent.neutral import one_line
from amltasks.platforms.endpoints import Cause

# In order: what the service or the container's log says, and what it means.
_KNOWN: tuple[tuple[str, Cause], ...] = (
    (
        r"quota|unschedulable|insufficient[ _-]?(cpu|memory|capacity|gpu)|resource insufficient|out of capacity"
        r"|not enough (cores|capacity)|0/\d+ nodes are available",
        Cause.QUOTA,
    ),
    (r"ImagePull|ErrImage|image.{0,60}(pull|denied|manifest unknown)", Cause.IMAGE_PULL),
    (r"image\s*build|BuildImage|failed building the environment|environment.{0,3}build", Cause.IMAGE_BUILD),
    (r"address (is )?already in use|port \S+ (is )?(already )?in use|connection in use|errno 98", Cause.PORT),
    (r"ModelDownload|ModelNotFound|model.{0,60}(not be found|does not exist|could not be had)", Cause.MISSING_MODEL),
    (r"FileNotFoundError:.{0,200}(model|\.(pkl|joblib|onnx|pt|h5)\b)", Cause.MISSING_MODEL),
    (r"CrashLoop|entry script|init\(\)|crashed|Traceback \(most recent", Cause.INIT),
    (r"liveness|readiness|\bprobe", Cause.PROBE),
    (r"timed? ?out|took (too|longer)", Cause.TIMEOUT),
)
_MEANING = {
    Cause.IMAGE_BUILD: "Its image could not be built",
    Cause.INIT: "The scoring script failed as it was started",
    Cause.MISSING_MODEL: "A file of the model is not there",
    Cause.PORT: "Its port is taken",
    Cause.QUOTA: "There is no room for it",
    Cause.PROBE: "It started, and did not become ready",
    Cause.IMAGE_PULL: "Its image could not be pulled",
    Cause.TIMEOUT: "It was not ready in time",
    Cause.OTHER: "It could not be started",
}
_RAISED = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Exit|Interrupt)): ?(.*)$", re.MULTILINE)
_NOT_BUILT = re.compile(r"^\s*(?:error|×)[: ]\s*(.+)$", re.MULTILINE | re.IGNORECASE)  # by pip, conda, uv
_OF_SERVER = ("UserScriptException", "UserScriptImportException")  # what it says of what the script has raised


def cause_of(said: str, log: str = "") -> Cause:
    """said: by the service; log: of the container, whose last words say more than that it has ended."""
    told = _first(said)
    if told in (Cause.INIT, Cause.TIMEOUT, Cause.PROBE, Cause.OTHER):
        from_log = _first(log[-8000:])
        if from_log in (Cause.PORT, Cause.MISSING_MODEL, Cause.INIT):
            return from_log
    if told is Cause.TIMEOUT and log.strip():
        return Cause.PROBE  # it runs, and does not answer
    return told


def reason_of(cause: Cause, said: str, log: str = "") -> str:
    """One sentence. What a script has raised, or pip has said, comes before what the service makes of it.

    log: of the container, or of the image that could not be built.
    """
    raised = _RAISED.findall(log) if cause in (Cause.INIT, Cause.MISSING_MODEL, Cause.PORT) else []
    raised = [each for each in raised if each[0] not in _OF_SERVER] or raised
    built = _NOT_BUILT.findall(log) if cause is Cause.IMAGE_BUILD else []
    words = f"{raised[-1][0]}: {raised[-1][1]}" if raised else built[0] if built else said
    words = one_line(words, 600).rstrip(". ")
    return f"{_MEANING[cause]}: {words}." if words else f"{_MEANING[cause]}."


def _first(text: str) -> Cause:
    return next((cause for pattern, cause in _KNOWN if re.search(pattern, text, re.IGNORECASE)), Cause.OTHER)

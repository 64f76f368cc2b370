"""What a scoring server's log says about why it does not start, or why it answered with an error."""

from __future__ import annotations

import re
from pathlib import Path

from amltasks.data import Data
from amltasks.platforms.endpoints import Cause

_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = re.compile(
    r"^(?:The above exception was the direct cause|During handling of the above exception)[^\n]*$", re.MULTILINE
)
_FRAME = re.compile(r'^  File "(?P<file>.+?)", line (?P<line>\d+)(?:, in (?P<function>.+))?$', re.MULTILINE)
_OF_SERVER = ("azureml_inference_server_http.", "werkzeug.")
_LOG_LINE = re.compile(r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\[\d{4}-\d\d-\d\d)")
_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '([^']+)'")
_NO_FILE = re.compile(r"(?:FileNotFoundError|NotADirectoryError|IsADirectoryError|OSError): .*?'([^']+)'")
_NO_MODEL = re.compile(r"ModelNotFoundException|Model not found in cache")
_SERVER_SAYS = re.compile(r"UserScriptError: (.+)")
_WORKER_ENDS = re.compile(r"Worker \(pid:\d+\) (?:exited with|was sent) (code \d+|SIG[A-Z]+)")
_TRIES = 3
_PACKAGES = {  # modules whose packages are called otherwise
    "sklearn": "scikit-learn", "cv2": "opencv-python-headless", "PIL": "pillow", "yaml": "pyyaml",
    "azureml": "azureml-core", "skimage": "scikit-image", "dotenv": "python-dotenv",
}  # fmt: skip


class Failure(Data):
    """cause: of a deployment. reason: one sentence, without its end. traceback: of the script alone, empty if none."""

    cause: Cause
    reason: str
    traceback: str = ""


class Raised(Data):
    """error: its last line, `KeyError: 'x'`. place: where in the script, ` (score.py, line 3, in run)`, or empty."""

    error: str
    place: str
    traceback: str


def start_failure(log: str, code_folder: Path, models: Path | None, *, conda: str, ended: str) -> Failure:
    """Why the server did not start. conda: how the user knows what names the packages. ended: `exit code 3`."""
    raised = last_raised(log, code_folder)
    if raised is None:
        own = [line for line in log.splitlines() if line.strip() and not _LOG_LINE.match(line)]
        last = f": {own[-1].strip()[:300]}" if own else ""
        return Failure(cause=Cause.OTHER, reason=f"The process of the scoring server ended with {ended}{last}")
    where = "init() raised" if ", in invoke_init" in raised.traceback else "The scoring script cannot be imported:"
    told = _SERVER_SAYS.search(raised.error)
    if told:
        return Failure(cause=Cause.INIT, reason=told[1].rstrip("."), traceback=raised.traceback)
    module = _NO_MODULE.search(raised.error)
    if module:
        return Failure(
            cause=Cause.INIT,
            reason=_missing_module(module[1], raised.place, conda),
            traceback=raised.traceback,
        )
    file = _NO_FILE.search(raised.error)
    if file and "azureml-models" in Path(file[1]).parts:
        return Failure(
            cause=Cause.MISSING_MODEL,
            reason=f"There is no file {file[1]!r} among the models{raised.place}: there {_there(models)}",
            traceback=raised.traceback,
        )
    cause = Cause.MISSING_MODEL if _NO_MODEL.search(raised.error) else Cause.INIT
    return Failure(cause=cause, reason=f"{where} {raised.error}{raised.place}", traceback=raised.traceback)


def ends_over_and_over(log: str) -> str:
    """How the workers of a server end that is about to try for ever; empty where they do not."""
    ends = _WORKER_ENDS.findall(log)
    return str(ends[-1]).replace("code", "exit code") if len(ends) >= _TRIES else ""


def late_start(seconds: float) -> Failure:
    """Of a server that had not answered after so long."""
    reason = f"The scoring server did not answer within {seconds:.0f} s: init() takes longer, or waits for something"
    return Failure(cause=Cause.PROBE, reason=reason)


def run_failure(log: str, code_folder: Path) -> str:
    """Why a request was answered with an error, one sentence without its end; empty where the log does not say."""
    raised = last_raised(log, code_folder)
    if raised is None:
        return ""
    unserialisable = re.search(r"Object of type (\S+) is not JSON serializable", raised.error)
    if unserialisable and not raised.place:
        return (
            f"run() answered with a value that cannot become JSON: one of type {unserialisable[1]} "
            f"(turn arrays into lists with .tolist(), numbers with float())"
        )
    return f"run() raised {raised.error}{raised.place}"


def last_raised(log: str, code_folder: Path) -> Raised | None:
    """The script's own error of the last traceback in a log: what the server adds to it is left out."""
    chained = _last_chain(log)
    own = [part for part in chained if not _error_of(part).startswith(_OF_SERVER)] or chained[-1:]
    if not own:
        return None
    part = own[-1]
    frames = [match for match in _FRAME.finditer(part) if _is_within(match["file"], code_folder)]
    frames = frames or [match for match in _FRAME.finditer(part) if match["function"] is None]
    place = ""
    if frames:
        name = Path(frames[-1]["file"])
        shown = name.relative_to(code_folder).as_posix() if _is_within(str(name), code_folder) else name.name
        function = frames[-1]["function"]
        inside = f", in {function}" if function and not function.startswith("<") else ""
        place = f" ({shown}, line {frames[-1]['line']}{inside})"
    return Raised(error=_error_of(part), place=place, traceback=part.strip("\n"))


def _last_chain(log: str) -> list[str]:
    """The tracebacks of the last error, the first cause first, each without what the log has around it."""
    blocks: list[list[str]] = []
    current: list[str] | None = None
    for line in log.splitlines():
        if _TRACEBACK in line:
            current = [_TRACEBACK]
            if blocks and blocks[-1] and _CHAINED.match(blocks[-1][-1]):
                blocks[-1].pop()
                blocks.append(current)
            else:
                blocks = [current]
        elif current is not None:
            if _LOG_LINE.match(line):
                current = None
            elif line.strip():
                current.append(line)
    return ["\n".join(block) for block in blocks]


def _error_of(traceback: str) -> str:
    """The line of the error; a SyntaxError's and others of several lines by their first."""
    lines = traceback.splitlines()
    found = [number for number, line in enumerate(lines) if number and not line.startswith(" ")]
    return lines[found[0]].strip() if found else lines[-1].strip()


def _missing_module(module: str, place: str, conda: str) -> str:
    top = module.partition(".")[0]
    if top == "azureml":
        return (
            f"The environment has no azureml-core{place}: give {conda} that package, or find the model's file by the "
            "variable AZUREML_MODEL_DIR, which needs none"
        )
    package = _PACKAGES.get(top, top)
    return f"The environment has no module {module!r}{place}: add the package {package} to {conda}"


def _there(models: Path | None) -> str:
    if models is None or not models.is_dir():
        return "are none"
    names = sorted(path.relative_to(models).as_posix() for path in models.rglob("*") if path.is_file())[:10]
    return f"are {', '.join(map(repr, names))}" if names else "are none"


def _is_within(file: str, folder: Path) -> bool:
    path = Path(file)
    return path.is_absolute() and (folder in path.parents or folder.resolve() in path.parents)

"""The precheck: a scoring script is tried here, with its models and the sample requests, before a cloud is asked.

It runs in the real inference server, in an environment made of the same packages. Checks, in the order in which they
are made; after one that fails, those that need it are not run:

    Scoring environment    its packages can be installed
    Scoring script starts  it can be imported, and init() returns
    Request NAME           run() answers each sample request as it is expected to
    Several rows           run() answers a request of more rows than the sample has (a warning)
    Errors are reported    a request that means nothing is answered with an error (a warning)
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from amltasks.endpoints.smoke.answers import Answer
from amltasks.endpoints.smoke.cases import Case
from amltasks.endpoints.smoke.probing import Prober
from amltasks.platforms.endpoints import Access, DeploymentSpec, Tell
from amltasks.platforms.local.serving.environment import NotMadeError, ScoringPython, scoring_python
from amltasks.platforms.local.serving.failures import late_start, run_failure, start_failure
from amltasks.platforms.local.serving.server import Server, model_folder
from amltasks.platforms.local.serving.trial import NotReadyError, Trial, trial
from amltasks.report.checks import Check, CheckFile, CheckOutcome

GROUP = "Precheck"
START_SECONDS = 300.0
_ENVIRONMENT, _STARTS, _ROWS, _ERRORS = (
    "Scoring environment", "Scoring script starts", "Several rows", "Errors are reported"
)  # fmt: skip
_NONSENSE = b'{"precheck": "a request that means nothing"}'
_SHOWN = 300  # bytes of an answer, in a message
_TAIL = 20_000  # characters of a log that are shown with a check
_PASSED, _FAILED, _UNKNOWN = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.UNKNOWN

Redact = Callable[[str], str]


def precheck(
    spec: DeploymentSpec,
    model_folders: Mapping[str, Path],
    cases: Sequence[Case],
    tell: Tell,
    *,
    folder: Path,
    redact: Redact = str,
    within: float = START_SECONDS,
) -> tuple[Check, ...]:
    """model_folders: of each of the spec's models, by id, an existing folder with what was registered.

    folder: an existing one, for what is left to look at. redact: takes secrets out of a text. within: seconds until
    the server must be ready. Raises UserError for a conda file that is none.
    """
    return tuple(_Precheck(spec, model_folders, cases, tell, folder, redact, within).checks())


class _Precheck:
    def __init__(
        self,
        spec: DeploymentSpec,
        model_folders: Mapping[str, Path],
        cases: Sequence[Case],
        tell: Tell,
        folder: Path,
        redact: Redact,
        within: float,
    ) -> None:
        self._spec = spec
        self._model_folders = model_folders
        self._cases = cases
        self._tell = tell
        self._folder = folder
        self._redact = redact
        self._within = within
        self._log = folder / "server.log"
        self._code = spec.code.absolute()
        self._needing_server = [*(f"Request {case.name}" for case in cases), _ROWS, _ERRORS]

    def checks(self) -> Iterator[Check]:
        unknown = self._unknown_packages()
        if unknown:
            yield self._check(_ENVIRONMENT, _UNKNOWN, unknown)
            yield from self._not_run(_STARTS)
            return
        began = datetime.now(timezone.utc)
        try:
            python = scoring_python(self._spec.environment, self._tell)
        except NotMadeError as error:
            yield self._check(_ENVIRONMENT, _FAILED, str(error), error.log[-_TAIL:], began)
            yield from self._not_run(_STARTS)
            return
        yield self._environment(python, began)
        yield from self._tried(python)

    def _tried(self, python: ScoringPython) -> Iterator[Check]:
        script = self._code / self._spec.script
        if not script.is_file():
            message = f"There is no scoring script {self._spec.script!r} in the folder {self._code}."
            yield self._check(_STARTS, _FAILED, message)
            yield from self._not_run()
            return
        server = self._server(python)
        began = datetime.now(timezone.utc)
        self._tell(f"Starting {self._spec.script} in the inference server …")
        try:
            with trial(server, self._folder, self._within) as running:
                yield self._started(running, began)
                yield from self._asked(running)
        except NotReadyError as error:
            yield self._not_started(server, error.ended, began)
            yield from self._not_run()
        finally:
            self._keep_log()

    def _server(self, python: ScoringPython) -> Server:
        return Server(
            python=python.path,
            code=self._code,
            script=self._spec.script,
            models=model_folder(self._model_folders, self._folder),
            variables=self._spec.variables,
            timeout=self._spec.requests.timeout,
        )

    def _unknown_packages(self) -> str:
        """Why the script cannot be tried in packages like those that it will have; empty where it can."""
        environment = self._spec.environment
        what = f"the environment {environment.name}" if environment.name else f"the image {environment.image}"
        if environment.conda is not None or not (environment.name or environment.image):
            return ""
        return f"Which packages {what} has is not known here: give a conda file, and the script is tried with them."

    def _environment(self, python: ScoringPython, began: datetime) -> Check:
        made = "it was there" if python.seconds is None else f"made in {python.seconds:.0f} s"
        details = "\n".join(python.notes)
        if python.lacks_server:
            message = (
                f"{self._conda} names neither azureml-inference-server-http nor azureml-defaults, which an image "
                f"must bring then, or the deployment fails; here the server was added ({made})."
            )
            return self._check(_ENVIRONMENT, _UNKNOWN, message, details, began)
        return self._check(_ENVIRONMENT, _PASSED, f"Its packages are installed; {made}.", details, began)

    def _started(self, running: Trial, began: datetime) -> Check:
        memory = f"{running.memory / 2**20:.0f} MB"
        message = f"Imported, and init() is done: ready after {running.seconds:.1f} s, with {memory} of memory."
        return self._with_log(self._check(_STARTS, _PASSED, message, "", began))

    def _not_started(self, server: Server, ended: str, began: datetime) -> Check:
        log = self._log.read_text("utf-8", "replace")
        if ended:
            failure = start_failure(log, self._code, server.models, conda=self._conda, ended=ended)
        else:
            failure = late_start(self._within)
        details = failure.traceback or log[-_TAIL:]
        return self._with_log(self._check(_STARTS, _FAILED, f"{failure.reason}.", details, began))

    def _with_log(self, check: Check) -> Check:
        """The log goes on for as long as the server; it is whole, and without secrets, when all checks are made."""
        return check.model_copy(update={"files": (CheckFile(path=self._log, name="scoring-server.log"),)})

    def _asked(self, running: Trial) -> Iterator[Check]:
        access = Access(address=f"{running.address}/score")
        with contextlib.closing(Prober(lambda: access, self._folder / "responses", self._redact)) as prober:
            yield from (self._case(case, running, prober) for case in self._cases)
            yield self._several_rows(running, prober)
            yield self._errors(prober)

    def _case(self, case: Case, running: Trial, prober: Prober) -> Check:
        before = len(running.log)
        check = prober.run(case)
        why = "" if check.ok else run_failure(running.log[before:], self._code)
        message = f"{why}." if why else check.message
        if running.ended:
            message = f"The server ended over the request, with {running.ended}."
        update = {"name": f"Request {case.name}", "group": GROUP, "message": self._redact(message)}
        return check.model_copy(update=update)

    def _several_rows(self, running: Trial, prober: Prober) -> Check:
        """Twice the rows of the first sample that has some."""
        for case in self._cases:
            doubled = _doubled(case)
            if doubled is None:
                continue
            before = len(running.log)
            answer = prober.shown(prober.send(case.model_copy(update={"body": doubled})))
            if answer.status == 200:
                return self._check(_ROWS, _PASSED, f"Twice the rows of {case.name} are answered with 200.")
            why = run_failure(running.log[before:], self._code)
            said = f"{_said(answer)}: {why}" if why else _said(answer)
            return self._check(_ROWS, _UNKNOWN, f"Twice the rows of {case.name} are answered with {said}.")
        return self._check(_ROWS, CheckOutcome.NOT_RUN, "No sample request has rows: a list of lists or of objects.")

    def _errors(self, prober: Prober) -> Check:
        answer = prober.shown(prober.send(Case(name=_ERRORS, body=_NONSENSE)))
        if answer.status >= 400 or b"error" in answer.body.lower():
            return self._check(_ERRORS, _PASSED, f"A request that means nothing is answered with {_said(answer)}.")
        if not answer.status:
            return self._check(_ERRORS, _UNKNOWN, f"A request that means nothing has no answer: {_said(answer)}")
        message = (
            f"A request that means nothing is answered with {_said(answer)}: clients take that for a prediction. "
            "Let run() raise, or answer with AMLResponse(…, 400)."
        )
        return self._check(_ERRORS, _UNKNOWN, message)

    @property
    def _conda(self) -> str:
        conda = self._spec.environment.conda
        return f"the conda file {conda.name}" if conda else "a conda file"

    def _not_run(self, *first: str) -> Iterator[Check]:
        return (self._check(name, CheckOutcome.NOT_RUN) for name in (*first, *self._needing_server))

    def _keep_log(self) -> None:
        if self._log.is_file():
            self._log.write_text(self._redact(self._log.read_text("utf-8", "replace")), "utf-8")

    def _check(
        self, name: str, outcome: CheckOutcome, message: str = "", details: str = "", began: datetime | None = None
    ) -> Check:
        now = datetime.now(timezone.utc)
        return Check(
            name=name,
            group=GROUP,
            outcome=outcome,
            message=self._redact(message),
            details=self._redact(details),
            started_at=began or now,
            duration=(now - (began or now)).total_seconds(),
        )


def _doubled(case: Case) -> bytes | None:
    """The request with every row twice; None where it has no rows."""
    try:
        content = json.loads(case.body)
    except ValueError:
        return None
    found = [content] if isinstance(content, list) else list(content.values()) if isinstance(content, dict) else []
    if not any(map(_has_rows, found)):
        return None
    if isinstance(content, list):
        return json.dumps(content * 2).encode()
    return json.dumps({name: value * 2 if _has_rows(value) else value for name, value in content.items()}).encode()


def _has_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, (list, dict)) for row in value)


def _said(answer: Answer) -> str:
    """The status and the beginning of the text; or why there is none."""
    text = " ".join(answer.body[:_SHOWN].decode("utf-8", "replace").split())
    return answer.fault or f"{answer.status} {text}".strip()

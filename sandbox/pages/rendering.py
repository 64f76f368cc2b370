"""How a page is made: templates, what they call, and the policy under which a browser shows them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sandbox.devops.build.documents import Build
from sandbox.devops.release.state import Release
from sandbox.devops.test.models import Result, Run, SubResult
from sandbox.pages import contributed
from sandbox.wire import Answer, Call, ServiceError

HTML = "text/html; charset=utf-8"
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-src 'self'"


def page(handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """What is not there is answered with a page, not with JSON."""

    def answered(call: Call) -> Answer:
        try:
            return handler(call)
        except ServiceError as error:
            return render("error.html", status=error.status, message=error.message)

    return answered


def render_build(call: Call, build: Build, template: str, tab: str, policy: str = PAGE_POLICY, **values: Any) -> Answer:
    """A page below the build's name and tabs. tab: the one that is shown."""
    values |= {"tab": tab, "counts": counts(call, build), "contributed": contributed.to_build(call, build)}
    return render(template, policy=policy, build=build, **values)


def render_result(
    call: Call, run: Run, result: Result, template: str, tab: str, policy: str = PAGE_POLICY, **values: Any
) -> Answer:
    """A page below a test result's title and tabs. tab: the one that is shown."""
    values |= {"tab": tab, "build": build_of(call, run), "contributed": contributed.to_result(call, run, result)}
    return render(template, policy=policy, run=run, result=result, **values)


def render_release(
    call: Call, release: Release, template: str, tab: str, policy: str = PAGE_POLICY, **values: Any
) -> Answer:
    """A page below a release's name and tabs. tab: the one that is shown."""
    values |= {"tab": tab, "contributed": contributed.to_release(call, release)}
    return render(template, policy=policy, release=release, **values)


def build_of(call: Call, run: Run) -> Build | None:
    number = run.request.build.id if run.request.build else None
    return call.world.builds.get(int(number)) if number else None


def render(template: str, status: int = 200, policy: str = PAGE_POLICY, **values: Any) -> Answer:
    text = _TEMPLATES.get_template(template).render(status=status, **values)
    return Answer(text.encode(), status, HTML, {"Content-Security-Policy": policy})


def counts(call: Call, build: Build) -> tuple[int, int]:
    """Passed and all results of a build's test runs."""
    results = [result for run in call.world.tests.of_build(build.id) for result in call.world.tests.results(run.id)]
    return sum(result.outcome == "Passed" for result in results), len(results)


def failing_step(result: Result) -> SubResult | None:
    """The first sub-result, at any depth, that decided a failure."""
    return _failing(result.sub_results)


def _failing(steps: tuple[SubResult, ...]) -> SubResult | None:
    for step in steps:
        if step.outcome in ("Failed", "Error", "Timeout", "Aborted"):
            return _failing(step.sub_results) or step
    return None


def _when(time: datetime | None) -> str:
    return time.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S") if time else "–"


def _seconds(value: float | None) -> str:
    """A duration for people: `320 ms`, `4.2 s`, `3 m 05 s`."""
    if value is None:
        return "–"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value) // 60} m {int(value) % 60:02} s"


def _between(start: datetime | None, end: datetime | None) -> str:
    return _seconds(((end or datetime.now(timezone.utc)) - start).total_seconds()) if start else "–"


def _size(count: int) -> str:
    return f"{count} B" if count < 1024 else f"{count / 1024:.1f} KiB" if count < 2**20 else f"{count / 2**20:.1f} MiB"


_TEMPLATES = Environment(
    loader=PackageLoader("sandbox.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"when": _when, "seconds": _seconds, "size": _size}
_TEMPLATES.globals |= {"between": _between, "failing_step": failing_step}

"""Pages that frame an extension's page and speak with it as Azure DevOps does; the speaking is in `host/`."""

from __future__ import annotations

import uuid
from importlib.resources import files
from typing import Any

from sandbox.devops.build.documents import Build
from sandbox.extensions import RELEASE_VIEW, TEST_RESULT_VIEW, Contribution
from sandbox.gallery import base_uri, origin_of, page_address
from sandbox.pages.contributed import tabs_of_build
from sandbox.pages.rendering import render_build, render_release, render_result
from sandbox.wire import Answer, Call, ServiceError

USER = "Sandbox User"
TOKEN_SECONDS = 24 * 3600
OWN_SCOPES = ("vso.build", "vso.release")  # what the pages themselves read
SCRIPTS = ("channel.js", "host.js", "pages.js", "services.js", "themes.js")


def show_build_tab(call: Call) -> Answer:
    build = call.world.builds.get(call.id("buildId"))
    return build_tab(call, build, call.values["contributionId"])


def build_tab(call: Call, build: Build, contribution_id: str) -> Answer:
    tab = _chosen(tabs_of_build(call, build), contribution_id)
    page = {"kind": "build", "build": build.id, "route": "ms.vss-build-web.ci-results-hub-route"}
    return render_build(call, build, "tab.html", tab.id, policy=_policy(call, tab), host=_host(call, tab, page))


def show_result_tab(call: Call) -> Answer:
    run = call.world.tests.get(call.id("runId"))
    result = call.world.tests.get_result(run.id, call.id("resultId"))
    tab = _chosen(call.world.extensions.tabs(TEST_RESULT_VIEW), call.values["contributionId"])
    build = run.request.build.id if run.request.build else None
    page = {"kind": "result", "run": run.id, "result": result.id, "build": int(build) if build else None, "route": ""}
    return render_result(
        call, run, result, "result_tab.html", tab.id, policy=_policy(call, tab), host=_host(call, tab, page)
    )


def show_release_tab(call: Call) -> Answer:
    release = call.world.releases.get(call.id("releaseId"))
    tab = _chosen(call.world.extensions.tabs(RELEASE_VIEW), call.values["contributionId"])
    page = {"kind": "release", "release": release.id, "route": ""}
    return render_release(
        call, release, "release_tab.html", tab.id, policy=_policy(call, tab), host=_host(call, tab, page)
    )


def get_script(call: Call) -> Answer:
    """A file of the host itself."""
    name = call.values["name"]
    if name not in SCRIPTS:
        raise ServiceError(404, "FileNotFoundException", f"The host has no file {name}.")
    text = (files("sandbox.pages") / "host" / name).read_bytes()
    return Answer(text, media_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


def _chosen(tabs: list[Contribution], contribution_id: str) -> Contribution:
    for tab in tabs:
        if tab.id.lower() == contribution_id.lower():
            return tab
    raise ServiceError(404, "ContributionNotFoundException", f"This page has no tab {contribution_id}.")


def _host(call: Call, tab: Contribution, page: dict[str, Any]) -> dict[str, Any]:
    """What the page knows before anybody asks. The extension's token may do what its manifest asks for, and no more."""
    world = call.world
    extension = world.extensions.owner(tab)
    user = str(uuid.uuid5(uuid.NAMESPACE_URL, USER))
    return {
        "page": page,
        "collection": f"{call.collection_url}/",
        "project": {"id": world.project.id, "name": world.project.name},
        "frame": page_address(tab, extension, call.base_url),
        "ownToken": world.tokens.issue(USER, TOKEN_SECONDS, scopes=OWN_SCOPES),
        "extensionToken": world.tokens.issue(USER, TOKEN_SECONDS, scopes=extension.scopes),
        "contributionId": tab.id,
        "extension": {
            "id": extension.id,
            "publisherId": extension.publisher,
            "extensionId": extension.short_id,
            "version": extension.version,
            "baseUri": base_uri(extension, call.base_url),
        },
        "user": {"descriptor": f"sandbox.{user}", "id": user, "name": USER, "displayName": USER, "imageUrl": ""},
        "organization": {
            "id": world.project.id,
            "name": call.collection_url.rpartition("/")[2] or world.organization,
            "serviceVersion": "Sandbox",
            "type": 4,
            "isHosted": not call.on_premises,
        },
    }


def _policy(call: Call, tab: Contribution) -> str:
    gallery = origin_of(call.world.extensions.owner(tab), call.base_url)
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
        f"script-src 'self'; connect-src 'self'; frame-src {gallery}"
    )

"""`amltasks endpoints` finds and ends what is served here."""

from __future__ import annotations

from pathlib import Path

import pytest

from amltasks.cli import main
from amltasks.platforms.endpoints import EndpointSpec
from amltasks.platforms.local.serving.endpoints import LocalEndpoints


def test_what_is_served_is_listed_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    places = LocalEndpoints(tmp_path / ".amltasks")
    made = places.ensure(EndpointSpec(name="prices"), lambda _: None)
    key = places.access("prices").headers["Authorization"].removeprefix("Bearer ")

    assert main(["endpoints"]) == 0
    assert capfd.readouterr().out == f"prices {made.address}\n"
    assert main(["endpoints", "key", "prices"]) == 0
    assert capfd.readouterr().out == f"{key}\n"
    assert main(["endpoints", "delete", "price"]) == 2
    assert capfd.readouterr().err == "amltasks: There is no endpoint 'price': there are 'prices'.\n"
    assert main(["endpoints", "delete", "prices"]) == 0
    capfd.readouterr()
    assert main(["endpoints"]) == 0
    assert capfd.readouterr().out == ""

"""Secrets in the log: what the agent hides, and what it cannot."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from sandbox.agent.endpoints import Endpoint
from sandbox.agent.masking import Masker
from tests.sandbox.agent.pipelines import NodeTask, Pipelines

SECRET = 'pa"ss\\w rd%1'


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("plain", SECRET),
        ("json", json.dumps(SECRET)[1:-1]),
        ("uri", quote(SECRET, safe="")),
        ("backslashes", SECRET.replace("\\", "\\\\")),
        ("base64", base64.b64encode(SECRET.encode()).decode()),
        ("command escape", SECRET.replace("%", "%AZP25")),
    ],
)
def test_a_secret_variable_is_masked_in_every_form_the_agent_knows(name: str, form: str) -> None:
    masker = Masker()
    masker.add_variable(SECRET)

    assert masker.mask(f"<{form}>") == "<***>", name


def test_overlapping_and_adjacent_secrets_become_one_mask() -> None:
    masker = Masker()
    for value in ("abc", "cde", "xyz"):
        masker.add(value)

    assert masker.mask("-abcde-xyzabc-") == "-***-***-"


def test_even_a_secret_of_one_character_is_masked() -> None:
    masker = Masker()
    masker.add("e")

    assert masker.mask("hello there") == "h***llo th***r***"


def test_the_password_in_an_address_is_masked() -> None:
    assert Masker().mask("fetch https://user:hunter2@host/x") == "fetch https://user:***@host/x"


def test_a_transformed_secret_is_not_found() -> None:
    """Parts, hexadecimal, reversed: the agent does not see them, so neither do we."""
    masker = Masker()
    masker.add_variable("topsecret")

    for form in ("topsecre", "topsecret"[::-1], b"topsecret".hex()):
        assert masker.mask(form) == form


def test_output_and_issues_are_masked_but_attachments_are_not(pipelines: Pipelines) -> None:
    """Only the log stream and the issues; what a task uploads is its own business."""
    task = NodeTask(
        "Leaks",
        """
        const secret = process.env.SECRET_KEY;
        console.log('it is ' + secret + ' or ' + Buffer.from(secret).toString('base64'));
        console.error('JSON ' + JSON.stringify({ secret }));
        console.log('##vso[task.logissue type=warning]never say ' + secret);
        const file = process.env.AGENT_TEMPDIRECTORY + '/leak.txt';
        require('fs').writeFileSync(file, secret);
        console.log('##vso[task.addattachment type=t;name=leak]' + file);
        console.log('##vso[task.setprogress value=10]step ' + secret);
        console.log('##vso[task.setsecret]computed-1');
        console.log('computed-1 and ' + process.env.ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN);
        console.log('key ' + process.env['ENDPOINT_AUTH_PARAMETER_11111111-2222-3333-4444-555555555555_APITOKEN']);
        """,
        {"inputs": [{"name": "c", "label": "c", "type": "connectedService:generic"}]},
    )
    connection = Endpoint(
        id="11111111-2222-3333-4444-555555555555",
        name="c",
        url="https://x",
        scheme="Token",
        parameters={"apitoken": "endpoint-key", "tenantid": "visible"},
    )
    ran = pipelines.run(
        "steps: [{checkout: none}, {task: Leaks@1, inputs: {c: c}}]",
        task,
        secrets={"key": 'a "quoted" key'},
        endpoints=[connection],
    )
    log = "\n".join(ran.log("Leaks"))

    assert ran.result.result == "succeeded", str(ran)
    for line in ("it is *** or ***", 'JSON {"secret":"***"}', "##[warning]never say ***", "*** and ***", "key ***"):
        assert line in log
    assert ran.warnings("Leaks") == ["never say ***"]
    assert "quoted" not in log
    assert "quoted" not in str(ran)
    record = ran.result.record("Leaks")
    assert ran.world.builds.attachment_content(ran.build.id, record.id, "t", "leak") == b'a "quoted" key'


def test_a_secret_of_several_lines_is_not_masked_line_by_line(pipelines: Pipelines) -> None:
    """The trap of PEM keys: lines are masked one by one, and the whole never stands in one line."""
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - bash: printf '%s\\n' "$KEY"
          displayName: shows
          env:
            KEY: $(pem)
        """,
        secrets={"pem": "BEGIN\nmiddle\nEND"},
    )

    assert "middle" in ran.log("shows")


def test_a_secret_is_masked_from_its_registration_on(pipelines: Pipelines) -> None:
    """What was printed before stays visible."""
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - bash: |
            echo "early hush"
            echo "##vso[task.setvariable variable=s;issecret=true]hush"
            echo "late hush"
          displayName: says
        - bash: echo "value $(s)"
          displayName: next
        """
    )

    assert "early hush" in ran.log("says")
    assert "late ***" in ran.log("says")
    assert "value ***" in ran.log("next")

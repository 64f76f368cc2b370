"""Files of any size and name become attachments, or a note says why not."""

from __future__ import annotations

import base64
import gzip
import os
import random
import sys
import time
from pathlib import Path

import pytest

from amltasks.devops.attachments import Attachment, Base64Part, plan_attachments
from amltasks.devops.pacing import Clock, Pace
from amltasks.report.model import Artefact, ArtefactKind
from sandbox.faults import Fault
from tests.sandbox.publishing.scene import Scene, notebook_result


def test_a_file_that_is_too_large_is_attached_compressed(scene: Scene) -> None:
    """More than 75 MiB is refused; the name and the result's comment say what was done."""
    content = b"the same line\n" * 5000
    file = scene.artefact(ArtefactKind.NOTEBOOK, "n.ipynb", content)

    publisher = scene.publish([notebook_result(artefacts=(file,))], largest_attachment=10_000)

    assert publisher.problems() == ()
    (result,) = scene.world.tests.results(1)
    contents = scene.contents(1, result.id or 0)
    assert gzip.decompress(contents["n.ipynb.gz"]) == content
    assert "attached compressed, as n.ipynb.gz" in (result.comment or "")


def test_a_file_that_stays_too_large_is_attached_in_parts(scene: Scene) -> None:
    content = random.Random(1).randbytes(25_000)
    file = scene.artefact(ArtefactKind.LOG, "console.log", content)

    scene.publish([notebook_result(artefacts=(file,))], largest_attachment=10_000)

    (result,) = scene.world.tests.results(1)
    contents = scene.contents(1, result.id or 0)
    assert sorted(contents) == ["console.log.gz.001", "console.log.gz.002", "console.log.gz.003"]
    assert max(len(part) for part in contents.values()) == 10_000
    assert gzip.decompress(b"".join(contents[name] for name in sorted(contents))) == content
    assert "in 3 parts" in (result.comment or "")


def test_what_cannot_be_attached_is_left_out_with_a_note(scene: Scene) -> None:
    """Too large for ten parts, or gone: never a failed run."""
    huge = scene.artefact(ArtefactKind.LOG, "huge.log", random.Random(1).randbytes(150_000))
    gone = Artefact(kind=ArtefactKind.IMAGE, path=scene.folder / "gone", name="gone.png")

    publisher = scene.publish([notebook_result(artefacts=(huge, gone))], largest_attachment=10_000)

    assert publisher.problems() == ()
    (result,) = scene.world.tests.results(1)
    assert scene.contents(1, result.id or 0) == {}
    assert "huge.log is not attached: compressed it still has more than" in (result.comment or "")
    assert "gone.png is not attached: No such file or directory." in (result.comment or "")


def test_names_are_safe_and_differ_in_more_than_case(scene: Scene) -> None:
    """Colons become underscores, equal names are told apart without regard to case."""
    names = ["a:b.png", "A_B.png", "../../c.png", "a_b.png"]
    files = tuple(scene.artefact(ArtefactKind.IMAGE, name, name.encode()) for name in names)

    scene.publish([notebook_result(artefacts=files)])

    (result,) = scene.world.tests.results(1)
    assert set(scene.contents(1, result.id or 0)) == {"a_b.png", "A_B (2).png", ".._.._c.png", "a_b (3).png"}


@pytest.mark.parametrize("size", [0, 1, 2, 3, 3 * 2**16 - 1, 3 * 2**16 + 1, 500_001])
def test_any_size_arrives_byte_by_byte(scene: Scene, size: int) -> None:
    """Base64 is made block by block while it is sent."""
    content = random.Random(size).randbytes(size)

    scene.publish([notebook_result(artefacts=(scene.artefact(ArtefactKind.IMAGE, "i.png", content),))])

    assert scene.contents(1, 100_000) == {"i.png": content}


def test_content_is_read_in_small_blocks(tmp_path: Path) -> None:
    """Each block has its own time on the network; a body in one piece would have to be through in ten seconds."""
    (tmp_path / "file").write_bytes(bytes(1_000_000))
    reader = Base64Part(Attachment("file", "GeneralAttachment", tmp_path / "file", 0, 1_000_000)).open()

    blocks = list(iter(lambda: reader.read(16384), b""))

    assert max(len(block) for block in blocks) <= 16384
    assert b"".join(blocks) == base64.b64encode(bytes(1_000_000))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux counts it")
def test_a_file_is_not_held_in_memory(scene: Scene) -> None:
    """70 MiB go out from a process that grows by less than 60 MiB meanwhile."""
    path = scene.folder / "large.bin"
    with path.open("wb") as file:
        for _ in range(70):
            file.write(os.urandom(2**20))

    with scene.publishing_process(path, 1) as process:
        output, errors = process.communicate(timeout=120)

    problems, grown = output.rsplit(maxsplit=1)
    assert problems == "()", errors
    assert int(grown) < 60 * 1024
    (attachment,) = scene.world.tests.attachments(1, 100_000)
    assert attachment.size == 70 * 2**20


def test_many_attachments_go_out_at_once(scene: Scene) -> None:
    """60 attachments at 200 ms a request: 8 at once, in less than the 12 s they take one after the other."""
    scene.world.faults.add(Fault(method="POST", path="*/attachments", delay=0.2))
    file = scene.artefact(ArtefactKind.IMAGE, "plot.png", b"png")
    results = [notebook_result(number, artefacts=(file,)) for number in range(60)]
    began = time.monotonic()

    publisher = scene.publish(results, clock=Clock())

    assert publisher.problems() == ()
    assert len(scene.requests("POST", "*/attachments")) == 60
    assert time.monotonic() - began < 11


def test_there_is_no_time_to_compress_when_the_job_is_cancelled(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(bytes(100_000))
    pace = Pace(deadline=Clock().now() + 2)
    artefact = Artefact(kind=ArtefactKind.LOG, path=tmp_path / "log", name="console.log")

    planned = plan_attachments([artefact], tmp_path / "scratch", pace, largest=10_000)

    assert planned.attachments == ()
    assert planned.notes == ("console.log is not attached: there was no time to compress it.",)

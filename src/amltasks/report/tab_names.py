"""How the tab's attachments are called: unique in a run, safe as file names, and the same wherever they are made."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from amltasks.report.tab_records import TabContext

NAME_LIMIT = 180  # characters before the ending

_UNSAFE = re.compile(r"[^A-Za-z0-9_.()=-]+")


@dataclass(frozen=True)
class Attachment:
    """What `task.addattachment` is told."""

    type: str
    name: str
    path: Path


def attachment_name(context: TabContext, *within: str, ending: str) -> str:
    """`stage~job~attempt~step.index.json`, or `stage~job~attempt~step~run~page.html` of what is within the step.

    Other characters than letters, digits and `_.()=-` are replaced. What was changed or cut gets a checksum, so that
    different names stay different.
    """
    parts = (context.stage, context.job, str(context.attempt), context.step, *within)
    whole = "~".join(parts)
    joined = "~".join(_UNSAFE.sub("_", part) for part in parts)
    if joined != whole or len(joined) > NAME_LIMIT:
        joined = f"{joined[:NAME_LIMIT]}~{hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return joined + ending

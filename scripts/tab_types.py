"""Write extension/tab/src/results/records.ts from the data models that the tasks write: python3 scripts/tab_types.py

With --check nothing is written, and the exit code is 1 when the file is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from typing import Any

from environment import ROOT, dev_python, node_modules, reexecute_in

TYPES = ROOT / "extension" / "tab" / "src" / "results" / "records.ts"
HEAD = "/* Written by scripts/tab_types.py from src/amltasks/report/tab_records.py. */"
PROGRAM = """
const { compile } = require('json-schema-to-typescript');
const schema = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const style = { printWidth: 120, singleQuote: false };
compile(schema, schema.title, { bannerComment: '', additionalProperties: false, format: true, style })
  .then(text => process.stdout.write(text));
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only tell whether the file is as it should be")
    arguments = parser.parse_args()
    text = types()
    if arguments.check:
        return TYPES.read_text(encoding="utf-8") != text
    TYPES.write_text(text, encoding="utf-8", newline="\n")
    return 0


def types() -> str:
    """The text of the file."""
    from amltasks.report.tab_records import TabAttachments

    node_modules()
    schema = json.dumps(_for_types(TabAttachments.shape()))
    made = subprocess.run(
        ["node", "--eval", PROGRAM], cwd=ROOT, input=schema, capture_output=True, text=True, check=True
    )
    return f"{HEAD}\n\n{made.stdout}"


def _for_types(shape: dict[str, Any]) -> dict[str, Any]:
    """All members are there, as what has a default is written, too; a title on each would make a type of each."""
    for model in (shape, *shape["$defs"].values()):
        members = model.get("properties", {})
        model["required"] = list(members)
        for member in members.values():
            member.pop("title", None)
            member.pop("default", None)
    return shape


if __name__ == "__main__":
    reexecute_in(dev_python())
    raise SystemExit(main())

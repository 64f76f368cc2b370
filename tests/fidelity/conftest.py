from __future__ import annotations

import sys
from pathlib import Path

from tests.notebooks.conftest import pytest_pyfunc_call as pytest_pyfunc_call

# The scripts import each other as they are started: by their own names.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

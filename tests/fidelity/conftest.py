from __future__ import annotations

import sys
from pathlib import Path

# The scripts import each other as they are started: by their own names.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

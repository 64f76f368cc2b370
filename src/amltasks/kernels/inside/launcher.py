"""Starts one kernel directly: `INTERPRETER launcher.py -f CONNECTION_FILE …`; the way where nothing is forked."""

import sys
from pathlib import Path


def main() -> None:
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here))  # with PYTHONSAFEPATH it is not there
    import kernel_app  # type: ignore[import-not-found,unused-ignore]

    # What a notebook imports is its own: nothing of this folder. IPython adds the working directory later.
    for name in ("kernel_app", "streams"):
        del sys.modules[name]
    sys.path[:] = [place for place in sys.path if Path(place) != here]
    kernel_app.run()


if __name__ == "__main__":
    main()

"""Starts one kernel directly: `INTERPRETER launcher.py -f CONNECTION_FILE …`; the way where nothing is forked."""

import sys


def main() -> None:
    import kernel_app  # type: ignore[import-not-found,unused-ignore]

    # What a notebook imports is its own: nothing of this folder. IPython adds the working directory later.
    del sys.modules["kernel_app"], sys.path[0]
    kernel_app.run()


if __name__ == "__main__":
    main()

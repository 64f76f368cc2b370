"""`python -m amltasks`."""

from amltasks.cli import program

program()

"""`python -m amltasks`."""

import sys

from amltasks.cli import main

sys.exit(main())

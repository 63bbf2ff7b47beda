"""`python -m s2pzoo` is `s2pzoo`."""

import sys

from s2pzoo.cli import main

sys.exit(main())

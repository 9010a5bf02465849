"""Cache a data set and say what is in it, or make one of faces: `python prepare.py --help`."""

import sys

from console import quietly  # noqa: F401  before what takes long
from console.backend import wake
from curation.command import main

if __name__ == "__main__":
    sys.exit(main(wake=wake))

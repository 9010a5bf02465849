"""Cache a data set and say what is in it, or make one of faces: `python prepare.py --help`."""

import sys

from curation.command import main
from training.backend import wake

if __name__ == "__main__":
    sys.exit(main(wake=wake))

"""Cache a data set ahead of training and say what is in it: `python prepare.py --help`."""

import sys

from datasets.command import main

if __name__ == "__main__":
    sys.exit(main())

"""Train and measure recipes side by side: `compare.py RECIPE … --data ring`. See `--help`."""

from console import quietly  # noqa: F401, I001  before what takes long
from comparison.command import main

if __name__ == "__main__":
    main()

"""Train and measure recipes side by side: `compare.py RECIPE … --data ring`. See `--help`."""

from comparison.command import main

if __name__ == "__main__":
    main()

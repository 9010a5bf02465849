"""Carry out a study, its claims tested by rules written before: `study.py claims`. See `--help`."""

from console import quietly  # noqa: F401  before what takes long
from studies.command import main

if __name__ == "__main__":
    main()

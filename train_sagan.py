"""Train the SAGAN of the anime notes. `--help` explains every option."""

from console import quietly  # noqa: F401  before what takes long
from training.cli import main

if __name__ == "__main__":
    main("sagan")

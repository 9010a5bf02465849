"""Train the SAGAN of the anime notes. `--help` explains every option."""

from training.cli import main

if __name__ == "__main__":
    main("sagan")

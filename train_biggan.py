"""Train the notes' BigGAN, by attribute if there are labels. `--help` explains every option."""

from console import quietly  # noqa: F401  before what takes long
from training.cli import main

if __name__ == "__main__":
    main("BIGGAN_V1")

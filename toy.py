"""Watch a GAN learn a toy world: `toy.py RECIPE --world ring`. `--help` explains every option."""

from console import quietly  # noqa: F401  before what takes long
from toys.command import main

if __name__ == "__main__":
    main()

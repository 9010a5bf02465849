"""Draw pictures with a trained generator: `generate.py RUN --out DIR`. `--help` explains all."""

from console import quietly  # noqa: F401  before what takes long
from serving.commands.generate import main

if __name__ == "__main__":
    raise SystemExit(main())

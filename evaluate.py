"""Measure generators: `evaluate.py RUN`, or `--fake DIR --real DIR`. `--help` explains all."""

from console import quietly  # noqa: F401  before what takes long
from serving.commands.evaluate import main

if __name__ == "__main__":
    raise SystemExit(main())

"""Turn pictures into others: `translate.py RUN INPUT --out OUT`. `--help` explains all."""

from console import quietly  # noqa: F401  before what takes long
from serving.commands.translate import main

if __name__ == "__main__":
    raise SystemExit(main())

"""Look into a trained generator: films, sheets, figures. `explore.py VERB --help` explains all."""

from console import quietly  # noqa: F401  before what takes long
from serving.commands.explore import main

if __name__ == "__main__":
    raise SystemExit(main())

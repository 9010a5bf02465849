"""Write a web page that runs a trained network in the browser. `--help` explains all."""

from console import quietly  # noqa: F401  before what takes long
from serving.commands.publish import main

if __name__ == "__main__":
    raise SystemExit(main())

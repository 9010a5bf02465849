"""Draw pictures with a trained generator: `generate.py RUN --out DIR`. `--help` explains all."""

from serving.commands.generate import main

if __name__ == "__main__":
    raise SystemExit(main())

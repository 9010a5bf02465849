"""Write a trained generator as SavedModel, ONNX, LiteRT or plain Keras. `--help` explains all."""

from console import quietly  # noqa: F401  before what takes long
from serving.commands.export import main

if __name__ == "__main__":
    raise SystemExit(main())

"""A generator in forms that need none of this project: SavedModel, ONNX, LiteRT; plain Keras."""

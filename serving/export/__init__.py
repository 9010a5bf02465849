"""A generator in formats that work without this project (SavedModel, ONNX, LiteRT), or in Keras."""

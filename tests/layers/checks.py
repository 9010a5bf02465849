"""One call that checks what every layer owes: shapes, dtypes, configuration, save and reload."""

import keras
import numpy as np
from keras import ops


def check_layer(make, inputs, output_shape, tmp_path, trainable, non_trainable=0):
    """Build `make()` on NumPy `inputs` (an array or a list) and hold it to its contract.

    Args:
        make: () → a fresh layer.
        output_shape: of the output for these inputs, batch included.
        trainable, non_trainable: how many variables of each kind it must have.
    """
    for precision in ("float32", "mixed_bfloat16", "mixed_float16"):
        keras.config.set_dtype_policy(precision)
        try:
            layer = make()
            output = layer(inputs)
            assert tuple(output.shape) == output_shape
            assert keras.backend.standardize_dtype(output.dtype) == layer.compute_dtype
            assert tuple(layer.compute_output_shape(_shapes(inputs))) == output_shape
            assert len(layer.trainable_variables) == trainable
            assert len(layer.non_trainable_variables) == non_trainable
            assert all(v.dtype == "float32" for v in layer.variables)
            again = type(layer).from_config(layer.get_config())
            assert again.get_config() == layer.get_config()
            _check_reload(layer, inputs, tmp_path / f"{precision}.keras")
        finally:
            keras.config.set_dtype_policy("float32")


def _shapes(inputs):
    return [x.shape for x in inputs] if isinstance(inputs, list) else inputs.shape


def _check_reload(layer, inputs, path):
    inputs = inputs if isinstance(inputs, list) else [inputs]
    symbolic = [keras.Input(x.shape[1:], dtype=str(x.dtype)) for x in inputs]
    model = keras.Model(symbolic, layer(symbolic if len(inputs) > 1 else symbolic[0]))
    before = ops.convert_to_numpy(ops.cast(model(inputs), "float32"))
    model.save(path)
    after = keras.models.load_model(path)(inputs)
    np.testing.assert_array_equal(before, ops.convert_to_numpy(ops.cast(after, "float32")))

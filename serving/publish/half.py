"""An ONNX file with its weights in half precision: half the size, computed in float32."""

from __future__ import annotations

import numpy as np

from models.half_precision import LEAST

_LARGEST = float(np.finfo(np.float16).max)


def halved(content: bytes) -> bytes:
    """An ONNX file whose weights are stored as float16 and cast to float32 when it is loaded.

    The runtime computes the casts once, so a picture takes as long as before. Tensors that are
    small, or hold numbers that float16 does not have, stay as they are.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load_from_string(content)
    graph, casts = model.graph, []
    for tensor in graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < LEAST or not np.abs(values).max() <= _LARGEST:
            continue
        name = tensor.name
        stored = f"{name}/half"
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return model.SerializeToString()

"""Tiny ONNX networks made on the spot."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

FLOAT = TensorProto.FLOAT


def save_graph(path: Path, nodes, given, made, constants=()) -> Path:
    """A network of `nodes`; `given` and `made` are (name, shape), `constants` (name, array)."""
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in given],
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in made],
        [numpy_helper.from_array(array, name) for name, array in constants],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, str(path))
    return path


def identity(path: Path, shape) -> Path:
    """Gives what it takes."""
    return save_graph(path, [helper.make_node("Identity", ["x"], ["y"])], [("x", shape)],
                      [("y", shape)])  # fmt: skip


def constant_detector(path: Path, boxes, size: int) -> Path:
    """Finds the same `boxes` (x, y, width, height, score) in every picture."""
    table = np.array(boxes, np.float32).T[np.newaxis]
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["boxes", "nothing"], ["y"]),
    ]
    constants = [("boxes", table), ("zero", np.float32(0))]
    given = [("x", (1, 3, size, size))]
    return save_graph(path, nodes, given, [("y", table.shape)], constants)


def mean_detector(path: Path, size: int) -> Path:
    """One box whose x, y and width are the mean R, G and B; height and score are 1."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Concat", ["mean", "ones"], ["flat"], axis=1),
        helper.make_node("Unsqueeze", ["flat", "axis"], ["y"]),
    ]
    constants = [("ones", np.ones((1, 2), np.float32)), ("axis", np.array([2], np.int64))]
    return save_graph(path, nodes, [("x", (1, 3, size, size))], [("y", (1, 5, 1))], constants)


def tagger(folder: Path, tags, size: int = 8, outputs: int | None = None, gain=1 / 255) -> Path:
    """A tagger whose outputs 0, 1, 2 are the mean B, G, R as shares, the others 0.

    `tags` are the names in its CSV; `outputs` the network's number of them if another.
    """
    folder.mkdir(exist_ok=True)
    count = outputs or len(tags)
    weights = np.zeros((3, count), np.float32)
    for channel in range(min(3, count)):
        weights[channel, channel] = gain
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["y"]),
    ]
    given, made = [("x", ("N", size, size, 3))], [("y", ("N", count))]
    save_graph(folder / "model.onnx", nodes, given, made, [("weights", weights)])
    rows = "".join(f"{index}.0,{name},0,9\n" for index, name in enumerate(tags))
    (folder / "selected_tags.csv").write_text("tag_id,name,category,count\n" + rows)
    return folder

"""Numbers for the weights of networks in torch and of ours, which follow from our names."""

import math
import zlib

import numpy as np


def value(name, shape):
    """Numbers for the variable `name` of that shape, in Keras's axes."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    scale = 0.1 if len(shape) == 1 else 1 / math.sqrt(math.prod(shape[:-1]))
    numbers = rng.standard_normal(shape) * (1.0 if name.endswith("basis") else scale)
    return (numbers + name.endswith("gamma")).astype("f4")


def short(variable):
    """A variable of ours → its layer's name and its own."""
    return "/".join(variable.path.split("/")[-2:])


def fill(parameter, numbers):
    import torch

    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(numbers)))


def convolution(parameter, name):
    """A convolution of torch, (out, in, h, w), takes our kernel (h, w, in, out)."""
    out, into, height, width = parameter.shape
    fill(parameter, value(name, (height, width, into, out)).transpose(3, 2, 0, 1))


def norm(theirs, name):
    """A batch norm of torch takes our gamma and beta."""
    for parameter, own in ((theirs.weight, "gamma"), (theirs.bias, "beta")):
        fill(parameter, value(f"{name}/{own}", tuple(parameter.shape)))

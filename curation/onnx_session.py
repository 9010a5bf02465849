"""Opening a network that the user gives as an ONNX file."""

import math
from pathlib import Path

from datasets.errors import DataError
from foreign import bounds


def open_session(path: Path, what: str, threads: int):
    """An onnxruntime session on the CPU. Raises `DataError` in one line.

    `what` names the network's part in messages: "detector", "tagger".
    """
    try:
        import onnxruntime
    except ImportError:
        raise DataError(
            f"The {what} needs onnxruntime: pip install -r requirements-prepare.txt."
        ) from None
    if not path.is_file():
        raise DataError(f"There is no {what} {str(path)!r}.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has a dozen kinds of errors
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"The {what} {str(path)!r} is not an ONNX network: {reason}") from None
    for each in (*session.get_inputs(), *session.get_outputs()):
        size = math.prod(size_or_none(dimension) or 1 for dimension in each.shape)
        if size > bounds.TENSOR:
            raise DataError(
                f"The {what} {str(path)!r} takes or gives {size:,} numbers at once, and "
                f"{bounds.TENSOR:,} are the most."
            )
    return session


def size_or_none(dimension: object) -> int | None:
    """A dimension of a session's input: a number if it is fixed, else None."""
    return dimension if isinstance(dimension, int) and dimension > 0 else None

"""TensorBoard, if it is installed: losses, grids and measurements."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from PIL import Image

from metrics.monitor import Reading
from runs.rows import Row
from training.callbacks.base import StepCallback
from training.callbacks.grids import grids


def installed() -> bool:
    """Whether the `tensorboard` package is there (TensorFlow no longer brings it)."""
    return importlib.util.find_spec("tensorboard") is not None


class TensorBoard(StepCallback):
    """Write losses (every `scalars_every` steps), the grids in `folder`, measurements: event files.

    Uses only the tensorboard package, so it works with every backend.
    """

    def __init__(self, log_dir: Path, folder: Path, every: int, scalars_every: int = 10) -> None:
        super().__init__()
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self.every, self._scalars_every = every, scalars_every
        self._folder = folder
        self._writer = EventFileWriter(str(log_dir))

    def on_rows(self, rows: list[Row]) -> None:
        """Write the scalars."""
        for row in rows:
            step = int(row["step"])
            if step % self._scalars_every == 0 or step == self.last_step:
                values = {f"train/{name}": value for name, value in row.items() if name != "step"}
                self._write(step, [{"tag": tag, "simple_value": v} for tag, v in values.items()])

    def measured(self, step: int, reading: Reading) -> None:
        """Write a measurement."""
        values = {
            "kernel distance": reading.kernel.value,
            "Fréchet distance": reading.distance,
            "duplicate share": reading.duplicate_share,
        }
        self._write(
            step, [{"tag": f"quality/{name}", "simple_value": v} for name, v in values.items()]
        )
        self._writer.flush()

    def on_step(self, step: int) -> None:
        """Write the newest grid."""
        path = grids(self._folder).get(step)
        if path is None:
            return
        with Image.open(path) as picture:
            width, height = picture.size
        image = {
            "height": height,
            "width": width,
            "colorspace": 3,
            "encoded_image_string": path.read_bytes(),
        }
        self._write(step, [{"tag": "fakes", "image": image}])
        self._writer.flush()

    def on_train_end(self, logs: object = None) -> None:
        """Close the event file."""
        self._writer.close()

    def _write(self, step: int, values: list[dict]) -> None:
        import time

        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(**_with_image(value, Summary.Image)) for value in values]
        summary = Summary(value=values)
        self._writer.add_event(Event(step=step, wall_time=time.time(), summary=summary))


def _with_image(value: dict, image: type) -> dict:
    return {**value, "image": image(**value["image"])} if "image" in value else value

"""The progress line: step, the logs that a system shows, pictures per second, time left."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

from console.screen import say
from console.wording import duration
from models.outputs import Watched
from runs.rows import Row
from training.callbacks.base import StepCallback

_WINDOW_SECONDS = 60.0  # the rate is that of the last minute
_PLAIN_SECONDS = 15.0  # between lines where the line cannot be redrawn, as in a log file


class Progress(StepCallback):
    """Show progress on stderr: one line that is redrawn on a terminal, else a line now and then.

    The rate does not include the first step, which is mostly compilation.
    """

    def __init__(
        self, watched: Watched, images_per_step: int, first_step: int, last_step: int
    ) -> None:
        super().__init__()
        self._watched = watched
        self._images = images_per_step
        self._first, self._end = first_step, last_step
        self._marks: list[tuple[float, int]] = []  # (time, step) within the window
        self._rates_said = False
        self._bar: tqdm | None = None
        self._printed = 0.0

    def on_train_begin(self, logs: object = None) -> None:
        """Say that the first step takes longer."""
        say("compiling the training step …")
        if sys.stderr.isatty():
            self._bar = tqdm(total=self._end, initial=self._first, bar_format="{desc}", leave=True)

    def on_rows(self, rows: list[Row]) -> None:
        """Show the newest row, its losses averaged over the rows that came with it."""
        now, step = time.monotonic(), int(rows[-1]["step"])
        self._marks.append((now, step))
        while now - self._marks[0][0] > _WINDOW_SECONDS and len(self._marks) > 2:
            self._marks.pop(0)
        means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
        text = self._text(step, means)
        self._say_measured_time(step)
        if self._bar is not None:
            self._bar.set_description_str(text)
        elif now - self._printed >= _PLAIN_SECONDS or step == self._end:
            self._printed = now
            say(text)

    def on_train_end(self, logs: object = None) -> None:
        """Leave the last line on the screen."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    @property
    def seconds_per_step(self) -> float | None:
        """Measured over the last minute, everything included; `None` before two readings."""
        (begin, first), (end, last) = (
            (self._marks[0], self._marks[-1]) if self._marks else ((0.0, 0), (0.0, 0))
        )
        return (end - begin) / (last - first) if last > first else None

    def _text(self, step: int, means: Row) -> str:
        shown = [self._shown(name, means[name]) for name in self._watched.line if name in means]
        text = " · ".join([f"step {step:,}/{self._end:,}", *shown])
        seconds = self.seconds_per_step
        if seconds is None:
            return text
        left = duration((self._end - step) * seconds)
        return f"{text} · {self._images / seconds:,.0f} img/s · {left} left"

    def _shown(self, name: str, value: float) -> str:
        share = self._watched.share is not None and name == self._watched.share[0]
        return self._watched.line[name].format(100 * value if share else value)

    def _say_measured_time(self, step: int) -> None:
        """Correct the earlier estimate once, as soon as the time is measured."""
        seconds = self.seconds_per_step
        if seconds is None or self._rates_said or step - self._marks[0][1] < 5:
            return
        self._rates_said = True
        steps = self._end - self._first
        say(f"measured {seconds:.3g} s a step: {steps:,} steps take {duration(steps * seconds)}")

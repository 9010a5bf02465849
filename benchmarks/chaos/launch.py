"""Starting scripts: each as a new process, or as a fork of one that has imported what takes long.

TensorFlow is imported in seconds, and a kill while a script imports it shows little. The `Zygote`
imports it once, computes nothing with it, and is forked for every start. What happens then is what
happens in a new process: the fork is a session of its own, runs the script as `__main__`, and ends
as Python ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# What scripts import, and what takes long.
_IMPORTED = (
    "comparison.judges", "comparison.report", "comparison.trials", "curation.command",
    "metrics.extractors", "metrics.plots", "serving.commands.evaluate_jobs",
    "serving.commands.generate", "serving.evaluation", "serving.export.export",
    "serving.publish.space", "training.fit", "training.session",
)  # fmt: skip
_ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}


@dataclasses.dataclass(frozen=True)
class Started:
    """A script that runs, or has ended.

    said     the file of what it writes to stderr
    wait     (most seconds) → its exit code, negative after a signal; None if it still runs
    """

    pid: int
    said: Path
    wait: Callable[[float | None], int | None]

    def send(self, which: signal.Signals) -> None:
        """Send a signal to it, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, which)

    def words(self) -> str:
        """What it has written to stderr."""
        return self.said.read_text("utf-8", "replace")


class Plain:
    """Starts each script as a new process."""

    first = 0.2  # seconds after which Python itself has started

    def start(self, words: list[str], said: Path, more: dict[str, str]) -> Started:
        """Start a script: its name and options, the file of its stderr, its environment."""
        with said.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, start_new_session=True, stderr=file,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                env=os.environ | _ENVIRONMENT | more,
            )  # fmt: skip

        def wait(seconds: float | None) -> int | None:
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                return None

        return Started(process.pid, said, wait)

    def close(self) -> None:
        """Nothing is kept."""


class Zygote:
    """Starts each script as a fork of one process; one script at a time."""

    first = 0.0

    def __init__(self, imported: Sequence[str] = _IMPORTED) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.chaos.launch", *imported], cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | _ENVIRONMENT,
            start_new_session=True,
        )  # fmt: skip
        self._lines = b""
        self._answer(None)  # it is ready

    def start(self, words: list[str], said: Path, more: dict[str, str]) -> Started:
        """Start a script, as `Plain.start` does; it has begun when this returns."""
        request = {"words": words, "said": str(said.absolute()), "more": more}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        code: list[int] = []

        def wait(seconds: float | None) -> int | None:
            if not code and (found := self._answer(seconds)) is not None:
                code.append(found)
            return code[0] if code else None

        return Started(self._answer(None), said, wait)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self, seconds: float | None) -> Any:
        """The next line of the process; None if there is none after some seconds."""
        assert self._process.stdout is not None
        until = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self._lines:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                return None
            more = os.read(self._process.stdout.fileno(), 4096)
            if not more:
                raise RuntimeError("the process that is forked has ended")
            self._lines += more
        line, _, self._lines = self._lines.partition(b"\n")
        return json.loads(line)


def launcher() -> Plain | Zygote:
    """The faster one that this system has."""
    return Zygote() if hasattr(os, "fork") and sys.platform == "linux" else Plain()


def _serve() -> dict[str, Any] | None:
    """Fork for every line on stdin: the request in the fork, None at the end of stdin."""
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.set_inheritable(answers, False)
    requests = os.fdopen(os.dup(0), "rb")

    def answer(value: int) -> None:
        os.write(answers, f"{value}\n".encode())

    answer(0)
    for line in requests:
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            os.setsid()
            said = os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            os.dup2(nothing, 0), os.dup2(said, 2)
            os.close(said), os.close(nothing)
            requests.close()
            os.environ.update(request["more"])
            answer(os.getpid())
            os.close(answers)
            return request
        answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return None


if __name__ == "__main__":
    import importlib
    import runpy

    from console import quietly  # noqa: F401  as in every script
    from console.backend import held_back_stderr

    with held_back_stderr():
        for module in sys.argv[1:]:
            importlib.import_module(module)
    if found := _serve():
        sys.argv = found["words"]
        sys.path[0] = str(ROOT)
        runpy.run_path(sys.argv[0], run_name="__main__")

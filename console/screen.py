"""Lines on the screen that do not break a progress bar, whatever names of files they hold."""

from __future__ import annotations

import sys

from tqdm import tqdm

from foreign.names import printable


def say(text: str) -> None:
    """Print one line on stderr, above the progress line if there is one."""
    tqdm.write(printable(text), file=sys.stderr)
    sys.stderr.flush()


def say_error(program: str, error: object) -> None:
    """Print the one line with which `program` ends."""
    print(f"{program}: error: {printable(str(error))}", file=sys.stderr)


def show(*lines: str) -> None:
    """Print lines on stdout, each as one line, also where its encoding lacks a letter."""
    text = "\n".join(map(printable, lines))
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)

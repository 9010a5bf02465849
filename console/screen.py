"""Lines on the screen that do not break a progress bar, whatever names of files they hold."""

from __future__ import annotations

import sys

from tqdm import tqdm

from foreign.names import printable

_LONGEST, _BEGIN, _END = 2_000, 500, 200  # letters of a line


def say(text: str) -> None:
    """Print one line on stderr, above the progress line if there is one."""
    tqdm.write(printable(text), file=sys.stderr)
    sys.stderr.flush()


def say_error(program: str, error: object) -> None:
    """Print the one line with which `program` ends."""
    print(f"{program}: error: {shortened(printable(str(error)))}", file=sys.stderr)


def shortened(text: str) -> str:
    """`text` without its middle if it is longer than anyone reads, as after absurd values."""
    return text if len(text) <= _LONGEST else f"{text[:_BEGIN]} … {text[-_END:]}"


def show(*lines: str) -> None:
    """Print lines on stdout, each as one line, also where its encoding lacks a letter."""
    text = "\n".join(map(printable, lines))
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)

"""Lines on the screen that do not break a progress bar, whatever names of files they hold."""

from __future__ import annotations

import contextlib
import os
import select
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
    """Print lines on stdout, each as one line, also where its encoding lacks a letter.

    If nobody reads stdout any more, as after `| head`, the work goes on without words.
    """
    text = "\n".join(map(printable, lines))
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:
        if not reader_is_gone():
            raise


def reader_is_gone() -> bool:
    """Whether nobody reads stdout or stderr any more; what is printed there is dropped then."""
    gone = [number for number in _standard_outputs() if _unread(number)]
    for number in gone:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
    return bool(gone)


def _standard_outputs() -> set[int]:
    """The file descriptors of stdout and stderr, where they have any."""
    found = set()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            found.add(stream.fileno())
    return found


def _unread(number: int) -> bool:
    """Whether a file descriptor is the end of a pipe that has no other end; False on Windows."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(number, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))

"""Lines on the screen that do not break a progress bar."""

from __future__ import annotations

import sys

from tqdm import tqdm


def say(text: str) -> None:
    """Print one line on stderr, above the progress line if there is one."""
    tqdm.write(text, file=sys.stderr)
    sys.stderr.flush()

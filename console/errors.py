"""What ends a run early with one line instead of a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class UserError(Exception):
    """Something the person at the keyboard can put right; shown as one line, exit code 2."""


class TrainingStopped(UserError):
    """Training cannot go on (a loss that is not finite, a full disk); what was saved stays."""


@contextlib.contextmanager
def user_errors(*kinds: type[Exception]) -> Iterator[None]:
    """Turn the listed exceptions into a `UserError` with the same words.

    Only wrap calls whose errors of these kinds speak to the user: a `ValueError` from deep inside
    a library is a bug of ours and keeps its traceback.
    """
    try:
        yield
    except kinds as error:
        raise UserError(" ".join(str(error).split())) from error

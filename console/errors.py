"""Errors that end a run with one line instead of a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class UserError(Exception):
    """A mistake that the user can fix; shown as one line, exit code 2."""


class TrainingStopped(UserError):
    """Training cannot go on (a loss that is not finite, a full disk); what was saved stays."""


@contextlib.contextmanager
def user_errors(*kinds: type[Exception]) -> Iterator[None]:
    """Turn the listed exceptions into a `UserError` with the same words.

    Wrap only calls whose errors of these kinds are meant for the user. A `ValueError` from inside
    a library is a bug of ours and must keep its traceback.
    """
    try:
        yield
    except kinds as error:
        raise UserError(" ".join(str(error).split())) from error

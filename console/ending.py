"""The one way in which a command ends: its exit code, and one line for each mistake."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from console.errors import UserError
from console.screen import reader_is_gone, say_error

DONE, MISTAKE, INTERRUPTED, UNREAD = 0, 2, 130, 141
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.EIO)


def shortage(error: BaseException) -> str:
    """What is wrong with the disk, in words; "" if the error is of another kind."""
    if not isinstance(error, OSError):
        return ""
    if error.errno in _DISK_FULL:
        return f"the disk is full ({error.filename or error.strerror}); make room"
    if error.errno in _DENIED:
        return f"{error.filename or 'a file'} cannot be written or read: {error.strerror}"
    return ""


def carry_out(
    program: str,
    work: Callable[[], int | None],
    interrupted: str = "",
    mistakes: type[Exception] | tuple[type[Exception], ...] = UserError,
) -> int:
    """Do `work`; returns its exit code, 2 after a mistake (one line on stderr), 130 after Ctrl-C.

    It is 141, as after SIGPIPE, if nobody reads what is printed any more.

    Args:
        interrupted: what to add to "interrupted", unless the `KeyboardInterrupt` says it.
        mistakes: the errors that are meant for the user.
    """
    try:
        return work() or DONE
    except mistakes as error:
        say_error(program, error)
        return MISTAKE
    except OSError as error:
        if isinstance(error, BrokenPipeError) and reader_is_gone():
            return UNREAD
        if not (words := shortage(error)):
            raise
        say_error(program, f"{words}{f'; {interrupted}' if interrupted else ''}")
        return MISTAKE
    except KeyboardInterrupt as error:
        words = str(error) or interrupted
        print(f"\n{program}: interrupted{f'; {words}' if words else ''}", file=sys.stderr)
        return INTERRUPTED

"""Work on all cores, in processes that end together with their parent."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import resource_tracker
from typing import Any

from datasets.errors import DataError

# They wait while processes are started.
_HELD = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
AHEAD = 4  # tasks handed out per process: enough to keep it busy, few enough to save memory


def each_done(
    function: Callable[..., Any],
    tasks: Iterable[tuple],
    workers: int,
    lost: Callable[..., Any] | None = None,
) -> Iterator[Any]:
    """The results of `function(*task)` for all tasks, in the order in which they finish.

    `function` is a function of a module. One worker means this process itself. If a task kills its
    process (for lack of memory, say), it is tried once more on its own; if it fails again,
    `lost(*task)` is its result, or without `lost` a `DataError` is raised.
    """
    if workers <= 1:
        for task in tasks:
            yield function(*task)
        return
    tasks = iter(tasks)
    while True:
        suspects: dict = {}
        try:
            yield from _pooled(function, tasks, workers, suspects)
            return
        except BrokenProcessPool:
            if lost is None:
                raise DataError(
                    "A process that draws pictures was ended, probably for lack of memory. "
                    "Try again with fewer of them (--workers 1)."
                ) from None
        for task in list(suspects.values()):
            try:
                yield from _pooled(function, iter([task]), 1, {})
            except BrokenProcessPool:
                yield lost(*task)


def cores() -> int:
    """How many processes can run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pooled(
    function: Callable[..., Any], tasks: Iterator[tuple], workers: int, pending: dict
) -> Iterator[Any]:
    """Like `each_done`; `pending` maps futures to tasks, so that the caller knows the open ones."""
    context = multiprocessing.get_context("spawn")  # forking a process that runs TensorFlow hangs
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)
    try:
        while True:
            with _main_hidden(), _signals_held():
                for task in islice(tasks, AHEAD * workers - len(pending)):
                    try:
                        pending[pool.submit(function, *task)] = task
                    except BrokenProcessPool:
                        pending[None] = task
                        raise
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                del pending[future]
                yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    """The start of each process: ignore Ctrl-C, and watch the parent.

    Ctrl-C reaches every process; only the parent reacts and ends the others. If the parent is
    killed, it cannot do so; therefore each process watches for that.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Let signals wait while processes are started, where the system can.

    A process whose parent stops before it has told what to do prints a traceback; so signals are
    noted here and sent again. A process that Ctrl-C reaches before `_begin` prints one too; so it
    is started with these signals blocked.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    noted: list[int] = []
    handlers = {}
    if threading.current_thread() is threading.main_thread():  # only there they can be changed
        for each in _HELD:
            if signal.getsignal(each) is not None:
                handlers[each] = signal.signal(each, lambda number, _: noted.append(number))
    resource_tracker.ensure_running()  # starting it later would unblock them
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for each, handler in handlers.items():
            signal.signal(each, handler)
        for number in noted:
            signal.raise_signal(number)


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep new processes from importing the user's script again, and with it all of Keras.

    They need only `function`'s module. This also makes them usable from a notebook, or from a
    script without the `if __name__ == "__main__"` guard.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main

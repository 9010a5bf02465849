"""Work in processes: all of it is done, also when some of it ends its process."""

import os
import time

import pytest

from datasets import processes
from datasets.errors import DataError


def square(number):
    if number == 7:
        time.sleep(0.2)
        os._exit(1)
    return number * number


def lost(number):
    return -number


def tasks(count):
    return ((number,) for number in range(count))


def test_one_worker_is_this_process():
    done = processes.each_done(os.getpid, [(), ()], workers=1)
    assert list(done) == [os.getpid()] * 2


def test_all_tasks_are_done_elsewhere():
    done = set(processes.each_done(square, tasks(7), workers=2))
    assert done == {0, 1, 4, 9, 16, 25, 36}
    assert os.getpid() not in set(processes.each_done(os.getpid, [()] * 3, workers=2))


def test_a_task_that_ends_its_process_is_given_up_and_no_other():
    done = sorted(processes.each_done(square, tasks(30), workers=2, lost=lost))
    assert done == sorted({-7} | {number * number for number in range(30) if number != 7})


def test_without_a_stand_in_it_is_an_error():
    with pytest.raises(DataError, match="was ended, probably for lack of memory"):
        list(processes.each_done(square, tasks(9), workers=2))


def test_tasks_are_taken_as_they_are_needed():
    taken = []

    def counted():
        for number in range(100):
            taken.append(number)
            yield (10 + number,)

    next(processes.each_done(square, counted(), workers=2))
    assert len(taken) <= 2 * processes.AHEAD + 2

"""Processes that die, err or answer at length: nothing is lost, nothing waits for ever."""

import os
import signal
from multiprocessing import active_children
from time import sleep

import pytest

from lymphocast.errors import UsageError
from lymphocast.forecast.trial.block import Block
from lymphocast.forecast.trial.workers import MOST_DEATHS, in_processes

LONG = 4_000_000  # bytes, many times what a pipe holds
BLOCKS = [Block(first, 1) for first in range(8)]


def long_answer(block: Block) -> bytes:
    return bytes([block.first]) * LONG


def error(block: Block) -> bytes:
    msg = f"no answer to {block.first}"
    raise ValueError(msg)


def death(block: Block) -> bytes:
    os._exit(1)


def test_a_process_killed_in_the_middle_of_an_answer_is_replaced() -> None:
    answers = in_processes(long_answer, BLOCKS, 2)
    found = [next(answers)]
    sleep(0.5)  # who has answered once is now writing an answer that nobody reads
    for process in active_children():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    found += answers
    assert sorted(block.first for block, _ in found) == list(range(8))
    assert all(content == long_answer(block) for block, content in found)
    assert active_children() == []


def test_an_error_in_a_process_is_raised_here() -> None:
    with pytest.raises(ValueError, match="no answer to 0"):
        list(in_processes(error, BLOCKS, 1))
    assert active_children() == []


def test_processes_that_keep_dying_are_an_error() -> None:
    with pytest.raises(UsageError, match=f"died {MOST_DEATHS} times in a row.*needed more memory"):
        list(in_processes(death, BLOCKS, 2))
    assert active_children() == []


def test_a_caller_who_stops_early_leaves_no_process() -> None:
    answers = in_processes(long_answer, BLOCKS, 2)
    next(answers)
    answers.close()
    assert active_children() == []

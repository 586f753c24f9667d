"""``workers.tuning.tunings``: one question after the other, and a bounded queue of them."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.tuning.messages import Answer
from tests.workers.tuning.test_tuner_process import ECHO, PICTURES, request
from workers.tuning import tunings as module
from workers.tuning.tuner_process import TunerProcess
from workers.tuning.tunings import MAX_WAITING, Tunings, obstacle

Answers = queue.Queue[Answer]


@pytest.fixture
def tunings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tunings]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    started = Tunings(TunerProcess(ECHO, max_work_s=30.0))
    yield started
    started.close()


def test_questions_are_answered_in_order(tunings: Tunings) -> None:
    answers: Answers = queue.Queue()
    for number in (1, 2, 3):
        wanted = request(width=number, height=1, shown=1, held_back=0)
        assert tunings.ask(wanted, [bytes(number)], answers.put)
    assert [answers.get(timeout=30.0).gain_db for _ in range(3)] == [1.0, 2.0, 3.0]


def test_answers_come_on_another_thread(tunings: Tunings) -> None:
    names: queue.Queue[str] = queue.Queue()
    tunings.ask(request(), PICTURES, lambda answer: names.put(threading.current_thread().name))
    assert names.get(timeout=30.0) == "tuning"


def test_what_finds_the_queue_full_is_refused_and_counted(tunings: Tunings) -> None:
    answers: Answers = queue.Queue()
    tunings.ask(request("hangs"), PICTURES, answers.put)
    taken = sum(tunings.ask(request(), PICTURES, answers.put) for _ in range(2 * MAX_WAITING))
    # The first one may still stand in the queue.
    assert MAX_WAITING - 1 <= taken <= MAX_WAITING
    assert tunings.refused == 2 * MAX_WAITING - taken


def test_a_failed_question_does_not_hold_up_the_next(tunings: Tunings) -> None:
    answers: Answers = queue.Queue()
    tunings.ask(request("dies"), PICTURES, answers.put)
    tunings.ask(request(), PICTURES, answers.put)
    assert answers.get(timeout=30.0).fault
    assert not answers.get(timeout=30.0).fault
    assert tunings.failed == 1


def test_a_process_that_cannot_be_started_does_not_end_the_thread(
    monkeypatch: pytest.MonkeyPatch, tunings: Tunings
) -> None:
    def fail(*words: object, **options: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    answers: Answers = queue.Queue()
    with monkeypatch.context() as broken:
        broken.setattr(subprocess, "Popen", fail)
        for number in (1, 2):
            tunings.ask(request(), PICTURES, answers.put)
            assert "cannot be started" in answers.get(timeout=30.0).fault
            assert tunings.failed == number
    tunings.ask(request(), PICTURES, answers.put)
    assert not answers.get(timeout=30.0).fault


def test_names_are_unique_and_names_of_models(tunings: Tunings) -> None:
    names = [tunings.name("live-s") for _ in range(3)]
    assert names == ["live-s.tuned-1", "live-s.tuned-2", "live-s.tuned-3"]


def test_a_net_that_is_forgotten_leaves_no_files(tunings: Tunings) -> None:
    (tunings.folder / "live-s.tuned-1").mkdir()
    tunings.forget("live-s.tuned-1")
    tunings.forget("live-s.tuned-1")
    assert list(tunings.folder.iterdir()) == []


def test_closing_ends_everything_also_in_the_middle(tunings: Tunings) -> None:
    answers: Answers = queue.Queue()
    tunings.ask(request("hangs"), PICTURES, answers.put)
    tunings.ask(request(), PICTURES, answers.put)
    tunings.close()
    tunings.close()
    assert not tunings.folder.exists()
    assert not any(thread.name == "tuning" for thread in threading.enumerate())


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert obstacle() == ""
    monkeypatch.setattr(module, "_NEEDED", ("torch", "no_such_package"))
    assert obstacle().startswith("Tuning needs no_such_package: pip install")

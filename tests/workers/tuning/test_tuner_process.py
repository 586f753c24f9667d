"""``workers.tuning.tuner_process``: against a real process."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.tuning.messages import Answer, Request
from tests.models.tuning import samples
from workers.tuning import tuner_process as module
from workers.tuning.tuner_process import TunerProcess

ECHO = "tests.workers.tuning.echo_tuner"


def request(model: str = "live-s", **changes: object) -> Request:
    fields: dict[str, object] = {
        "kind": "tune",
        "model": model,
        "precision": "int8",
        "width": 4,
        "height": 2,
        "shown": 1,
        "held_back": 1,
        "name": "live-s.tuned-1",
        "folder": "/nowhere",
    }
    return Request(**(fields | changes))  # type: ignore[arg-type]


PICTURES = [bytes(8), bytes(8)]


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[TunerProcess]:
    # The module of the tests is found by its path; with -P the folder of the start is none.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    started = TunerProcess(ECHO, max_work_s=30.0)
    yield started
    started.close()
    started.end()


def pid_of(answer: Answer) -> int:
    return int(answer.teacher.removeprefix("pid "))


def test_one_process_answers_all_questions(process: TunerProcess) -> None:
    first, second = (process.ask(request(), PICTURES) for _ in range(2))
    assert (first.gain_db, first.fault) == (16.0, "")
    assert pid_of(first) == pid_of(second)


@pytest.mark.parametrize("model", ["dies", "babbles"])
def test_after_a_failure_another_process_answers(process: TunerProcess, model: str) -> None:
    before = process.ask(request(), PICTURES)
    failed = process.ask(request(model), PICTURES)
    assert "The process that tunes" in failed.fault
    after = process.ask(request(), PICTURES)
    assert after.fault == "" and pid_of(after) != pid_of(before)


@pytest.mark.parametrize(
    "error", [BlockingIOError(11, "No more processes"), subprocess.SubprocessError("no memory")]
)
def test_what_cannot_be_started_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, process: TunerProcess, error: Exception
) -> None:
    def fail(*words: object, **options: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(subprocess, "Popen", fail)
        failed = process.ask(request(), PICTURES)
    assert failed.fault == f"The process that tunes cannot be started: {error}"
    assert process.ask(request(), PICTURES).fault == ""


def test_a_process_that_does_not_end_in_time_ends_no_more_than_itself(
    monkeypatch: pytest.MonkeyPatch, process: TunerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    before = process.ask(request(), PICTURES)
    started = process._process
    assert started is not None
    with monkeypatch.context() as hanging:
        hanging.setattr(module, "END_S", 0.0)
        # As a process that hangs in the kernel: the signal does nothing yet.
        hanging.setattr(started, "kill", lambda: None)
        process.end()
    assert "tuner_hangs" in {getattr(record, "action", "") for record in caplog.records}
    assert pid_of(process.ask(request(), PICTURES)) != pid_of(before)
    started.kill()
    started.wait(30.0)


def test_what_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch, process: TunerProcess
) -> None:
    impatient = TunerProcess(ECHO, max_work_s=0.5)
    assert impatient.ask(request("hangs"), PICTURES).fault == "It was given up."
    impatient.end()


def test_a_pause_stops_the_process_and_does_not_count_as_work(process: TunerProcess) -> None:
    pid = pid_of(process.ask(request(), PICTURES))
    process.pause(True)
    answers: list[Answer] = []
    asking = threading.Thread(
        target=lambda: answers.append(process.ask(request("hangs"), PICTURES)), daemon=True
    )
    asking.start()
    deadline = time.monotonic() + 30.0
    while state(pid) != "T":
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.05)
    process.pause(False)
    while state(pid) == "T":
        assert time.monotonic() < deadline, "it stays stopped"
        time.sleep(0.05)
    process.close()
    asking.join(30.0)
    assert [answer.fault for answer in answers] == ["It was given up."]


def test_a_closed_one_starts_nothing(process: TunerProcess) -> None:
    process.close()
    assert process.ask(request(), PICTURES).fault == "The worker stops."


def test_the_end_leaves_no_process(process: TunerProcess) -> None:
    pid = pid_of(process.ask(request(), PICTURES))
    process.end()
    assert not os.path.exists(f"/proc/{pid}")


@pytest.mark.slow
def test_the_real_process_tunes_a_net(tmp_path: Path) -> None:
    process = TunerProcess(max_work_s=110.0)
    pictures = [picture.tobytes() for picture in samples.pictures(4)]
    wanted = request(
        width=samples.WIDTH, height=samples.HEIGHT, shown=3, held_back=1, folder=str(tmp_path)
    )
    try:
        answer = process.ask(wanted, pictures)
        refused = process.ask(request("live-m", width=8, height=1), PICTURES)
    finally:
        process.end()
    assert answer.fault == "" and answer.teacher == "live-m"
    assert (tmp_path / "live-s.tuned-1" / "int8.onnx").exists()
    assert refused.fault == "No net of the zoo is better than live-m."


def state(pid: int) -> str:
    """The state of a process as ``ps`` shows it."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]

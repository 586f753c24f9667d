"""Ties the tuning policy to one stream's upscaling stage."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable

from models.tuning.messages import Answer, Request
from workers.errors import NetUnusable
from workers.media.picture import Picture
from workers.tuning.cut_detector import CutDetector
from workers.tuning.tuning_policy import Purpose, Question, TuningPolicy
from workers.tuning.tunings import Tunings
from workers.upscale.model_cache import ModelCache

log = logging.getLogger(__name__)


class StreamTuning:
    """Chooses, for each decoded picture, between the shipped net and the stream's own.

    ``choose`` is called by the upscaling thread; it keeps copies of a picture a second, and waits
    for nothing.
    """

    def __init__(
        self,
        owner: str,
        nets: ModelCache,
        tunings: Tunings,
        idle_s: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``idle_s`` tells the seconds per second of the worker's cores that nobody takes."""
        self.policy = TuningPolicy(owner=owner)
        self._owner = owner
        self._nets = nets
        self._tunings = tunings
        self._idle_s = idle_s
        self._clock = clock
        self._cuts = CutDetector()
        self._model = ""
        self._own = ""
        "Name of the tuned net in use, or of the one that is asked for."
        self._scene = 0
        self._shown: list[bytes] = []
        self._held_back: list[bytes] = []
        # One answer for each question, and one question at a time: it holds two at most.
        self._answers: queue.SimpleQueue[tuple[Question, Answer]] = queue.SimpleQueue()

    @property
    def state(self) -> str:
        """State of the stream's own net, as the API names it."""
        return self.policy.state.value

    def choose(self, picture: Picture, model: str) -> str:
        """Returns the name of the net for a picture, ``model`` or that of one tuned from it."""
        now = self._clock()
        if self._cuts.is_cut(picture.y) or model != self._model:
            self._model = model
            self.policy.cut(now=now)
        if self.policy.number != self._scene:
            self._forget()
        self._take_answers(now)
        is_free = self.policy.may_work(self._idle_s(), now=now)
        self._tunings.pause(not is_free)
        if is_free:
            self._keep(picture, now)
        return self._own if self.policy.is_used and self._own else model

    def close(self) -> None:
        """Lets go of the stream's own net; from any thread."""
        self._drop_own()

    def _keep(self, picture: Picture, now: float) -> None:
        purpose = self.policy.purpose(now=now)
        if self.policy.number != self._scene:
            self._forget()
        if purpose is not None:
            kept = self._shown if purpose is Purpose.SHOWN else self._held_back
            kept.append(picture.y.tobytes())
        question = self.policy.question()
        if question is not None:
            self._ask(question, picture, now)

    def _ask(self, question: Question, picture: Picture, now: float) -> None:
        if question.is_new:
            self._own = self._tunings.name(self._model)
        shown = self._shown if question.is_new else []
        held_back, self._held_back = self._held_back, []
        try:
            precision = self._nets.file_of(self._model)
        except NetUnusable as error:
            self._refuse(question, str(error), now)
            return
        request = Request(
            kind="tune" if question.is_new else "judge",
            model=self._model,
            precision=precision,
            width=picture.width,
            height=picture.height,
            shown=len(shown),
            held_back=len(held_back),
            name=self._own,
            folder=str(self._tunings.folder),
        )
        pictures = [*shown, *held_back]
        self._shown = []
        if not self._tunings.ask(request, pictures, lambda answer: self._put(question, answer)):
            self._refuse(question, "Too many streams wait for it.", now)

    def _put(self, question: Question, answer: Answer) -> None:
        self._answers.put((question, answer))

    def _refuse(self, question: Question, why: str, now: float) -> None:
        log.info("%s is not tuned: %s", self._owner, why, extra={"action": "not_tuned"})
        self.policy.answer(question, None, now=now)

    def _take_answers(self, now: float) -> None:
        while not self._answers.empty():
            question, answer = self._answers.get_nowait()
            gain = None if answer.fault else answer.gain_db
            is_kept = self.policy.answer(question, gain, now=now)
            log.info(
                "%s: a net tuned by %s is %.2f dB nearer to it: %s",
                self._owner,
                answer.teacher or "nobody",
                answer.gain_db,
                "used" if is_kept else "not used",
                extra={"action": "tuned"},
            )
            if is_kept and question.is_new:
                self._nets.add_variant(self._own, self._model, self._tunings.folder)
            elif not is_kept and question.number == self._scene:
                self._drop_own()

    def _forget(self) -> None:
        """Begins a scene: what was kept of the last one teaches nothing."""
        self._scene = self.policy.number
        self._shown, self._held_back = [], []
        self._drop_own()

    def _drop_own(self) -> None:
        own, self._own = self._own, ""
        if own:
            self._nets.remove_variant(own)
            self._tunings.forget(own)

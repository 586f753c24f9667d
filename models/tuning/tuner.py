"""Answers requests: tunes a net and writes it as a zoo of one, or judges one that was written."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import numpy.typing as npt

from models.errors import ModelError
from models.export.zoo import write_files
from models.graph.plain import PlainNet
from models.graph.reader import read_float
from models.graph.writer import write_float
from models.manifest import (
    MANIFEST,
    ZOO,
    Manifest,
    Precision,
    list_models,
    load_manifest,
    model_file,
)
from models.measure.graph_runner import OpenNet
from models.quantize.calibrate import Pictures, calibrate
from models.quantize.qdq import write_int8
from models.quantize.scheme import SCHEMES
from models.tuning.distillation import DistillationConfig, Lesson, distil
from models.tuning.judge import gain_db
from models.tuning.messages import Answer, Request
from models.tuning.teacher import can_learn, teacher_of

__all__ = ["Tuner"]

Bytes = npt.NDArray[np.uint8]

CALIBRATION_SIDE = 64
"""Side of the patches that an int8 graph is calibrated on, in decoded pixels."""

CALIBRATION_PATCHES = 8
"""Patches of each picture."""


class Tuner:
    """Works on one request at a time, for as long as it takes."""

    def __init__(self, zoo: Path = ZOO, config: DistillationConfig | None = None) -> None:
        self._zoo = zoo
        self._config = config or DistillationConfig()

    def answer(self, request: Request, body: bytes) -> Answer:
        """Does what is asked; a request that cannot be done is answered with its reason."""
        try:
            pupil = load_manifest(request.model, self._zoo)
            if not can_learn(pupil) or request.precision not in pupil.files:
                return Answer(fault=f"{request.model} cannot be tuned.")
            teacher = teacher_of(pupil, list_models(self._zoo))
            if teacher is None:
                return Answer(fault=f"No net of the zoo is better than {request.model}.")
            return self._answer(request, body, pupil, teacher)
        except (ModelError, ValueError) as error:
            return Answer(fault=str(error))

    def _answer(self, request: Request, body: bytes, pupil: Manifest, teacher: Manifest) -> Answer:
        pictures = list(np.frombuffer(body, np.uint8).reshape(-1, request.height, request.width))
        lessons = self._lessons(teacher, pictures, request)
        if request.kind == "tune":
            net = distil(self._net(pupil), lessons[: request.shown], self._config)
            self._write(request, pupil, net, pictures[: request.shown])
        return Answer(
            gain_db=self._gain_db(request, pupil, lessons[request.shown :]), teacher=teacher.name
        )

    def _lessons(self, teacher: Manifest, pictures: list[Bytes], request: Request) -> list[Lesson]:
        path = model_file(teacher, "fp32", self._zoo)
        size = request.height, request.width
        faithful, crisp = (
            OpenNet(path, *size, scale=teacher.scale, strength=strength) for strength in (0.0, 1.0)
        )
        made = []
        for luma in pictures:
            plain = faithful(luma)
            made.append(Lesson(luma, plain, crisp(luma) if teacher.strength else plain))
        return made

    def _net(self, pupil: Manifest) -> PlainNet:
        path = model_file(pupil, "fp32", self._zoo)
        return read_float(path, scale=pupil.scale, has_styles=pupil.strength)

    def _write(
        self, request: Request, pupil: Manifest, net: PlainNet, pictures: list[Bytes]
    ) -> None:
        """Writes the graph of the wanted form and its manifest, which says nothing of gains."""
        precision = cast(Precision, request.precision)
        scheme = SCHEMES.get(precision)
        if scheme is None:
            model = write_float(net)
        else:
            model = write_int8(calibrate(net, Pictures(_patches(pictures)), scheme))
        folder = Path(request.folder) / request.name
        tuned = msgspec.structs.replace(
            pupil,
            name=request.name,
            title=f"{pupil.title}, tuned on one stream",
            files=write_files({precision: model}, folder),
            default_precision=precision,
            metrics=(),
            mean_gain_db={},
        )
        (folder / MANIFEST).write_bytes(msgspec.json.encode(tuned))

    def _gain_db(self, request: Request, pupil: Manifest, lessons: list[Lesson]) -> float:
        """Compares the graphs that run, in both styles; the better one in one style may not lose
        in the other, so the lesser gain counts.
        """
        root = Path(request.folder)
        tuned = load_manifest(request.name, root)
        old = model_file(pupil, request.precision, self._zoo)
        new = model_file(tuned, request.precision, root)
        pictures = [lesson.luma for lesson in lessons]
        gains = []
        for strength in (0.0, 1.0) if pupil.strength else (0.0,):
            before, after = (
                OpenNet(path, request.height, request.width, scale=pupil.scale, strength=strength)
                for path in (old, new)
            )
            wanted = [lesson.crisp if strength else lesson.faithful for lesson in lessons]
            gains.append(gain_db(before, after, pictures, wanted))
        return min(gains)


def _patches(pictures: list[Bytes]) -> Bytes:
    """Returns patches of all pictures, spread evenly."""
    found = []
    for luma in pictures:
        side = min(CALIBRATION_SIDE, *luma.shape)
        high, wide = luma.shape[0] - side, luma.shape[1] - side
        for number in range(CALIBRATION_PATCHES):
            # A fraction of the golden ratio spreads any number of points along the width.
            left = int(wide * (number * 0.618 % 1.0))
            top = high * number // max(1, CALIBRATION_PATCHES - 1)
            found.append(luma[top : top + side, left : left + side])
    return np.stack(found)

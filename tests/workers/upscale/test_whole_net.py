"""The option of a whole net: none without one, expected until it was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import Usage
from workers.scheduling.option import ENGINE, MethodInfo, ScaleRule
from workers.upscale.method import MethodContext
from workers.upscale.model_cache import ModelCache
from workers.upscale.stream_models import StreamModels
from workers.upscale.upscaler import Upscaler
from workers.upscale.whole_net import option_of

from ..clips import picture
from ..fakes import PacedEngine

METHOD = MethodInfo("whole", quality=1.0, scale=ScaleRule.MODEL)
SIZE = (64, 48)


@pytest.fixture
def context(zoo: Path) -> MethodContext:
    cache = ModelCache(PacedEngine(0.0), zoo=zoo)
    cache.load("large", *SIZE)
    models = StreamModels(cache, model="large", expected=lambda model, *size: 6.0)
    models.select(picture(0, *SIZE))
    cache.close()
    return MethodContext(models, CostModel())


def test_without_a_net_there_is_no_option(context: MethodContext) -> None:
    assert option_of(METHOD, Upscaler(), context) is None
    assert context.costs.usual_ms(METHOD) is None


def test_until_it_was_run_it_costs_what_is_expected(context: MethodContext) -> None:
    option = option_of(METHOD, context.models.full, context)
    assert option is not None and option.method is METHOD and option.plan is None
    assert option.cost[ENGINE] == pytest.approx(6.0) and option.hold_s == pytest.approx(0.006)


def test_what_was_measured_counts_more_than_what_was_expected(context: MethodContext) -> None:
    for _ in range(30):
        context.costs.add(METHOD, Usage(passed_s=0.02, engine_s=0.02, hold_s=0.02, cpu_s=0.0))
    option = option_of(METHOD, context.models.full, context)
    assert option is not None and option.cost[ENGINE] == pytest.approx(20.0)


def test_where_nothing_is_expected_it_is_tried_for_nothing(zoo: Path) -> None:
    cache = ModelCache(PacedEngine(0.0), zoo=zoo)
    cache.load("large", *SIZE)
    models = StreamModels(cache, model="large")
    models.select(picture(0, *SIZE))
    option = option_of(METHOD, models.full, MethodContext(models, CostModel()))
    cache.close()
    assert option is not None and option.cost.get(ENGINE, 0.0) == 0.0

"""The two forms of the text of ``/metrics``: Prometheus' own, and OpenMetrics."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from prometheus_client import exposition
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from app.http.metrics_text import END

_OPEN_METRICS = "application/openmetrics-text"
_VERSION = "1"
"""Major version of OpenMetrics that is written; a client that names another one gets
Prometheus' form, which all of them read."""


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """One form of the text; all processes of a server answer in the form that is asked for."""

    name: str
    content_type: str
    encode: Callable[[Collector], bytes]
    end: str
    "The text behind the last family."


PLAIN = Form("metrics", exposition.CONTENT_TYPE_PLAIN_0_0_4, exposition.generate_latest, "")
"""Prometheus' text format 0.0.4, which every tool reads."""

OPEN = Form("openmetrics", openmetrics.CONTENT_TYPE_LATEST, openmetrics.generate_latest, END)
"""OpenMetrics 1.0.0, which also tells when histograms began, and exemplars."""

FORMS = (PLAIN, OPEN)


def form_for(accept: str) -> Form:
    """Returns the form for a request's header ``Accept``."""
    # Scrapers name what they prefer, OpenMetrics first; nobody else names it at all. So its place
    # in the list and its weight say nothing more, except a weight of 0, which forbids it.
    for choice in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in choice.split(";"))
        if kind == _OPEN_METRICS and "q=0" not in parameters and _is_known(parameters):
            return OPEN
    return PLAIN


def _is_known(parameters: list[str]) -> bool:
    """Tells whether the version that a client names, if any, is one that we write."""
    named = [each.partition("=")[2] for each in parameters if each.startswith("version=")]
    majors = [version.strip('"').partition(".")[0] for version in named]
    return all(major == _VERSION for major in majors)

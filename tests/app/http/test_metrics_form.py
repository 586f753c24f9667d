"""Which form of the text of ``/metrics`` a client gets."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from app.http.metrics_form import FORMS, OPEN, PLAIN, Form, form_for

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
    "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
"""What Prometheus 2.42 sends."""

PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (PROMETHEUS, OPEN),
        (PROMETHEUS_3, OPEN),
        ("application/openmetrics-text", OPEN),
        ("Application/OpenMetrics-Text; Version=1.0.0", OPEN),
        ("text/plain, application/openmetrics-text", OPEN),
        ('application/openmetrics-text; version="1.0.0"', OPEN),
        ("application/openmetrics-text; version=0.0.1", PLAIN),
        ("application/openmetrics-text; version=2.0.0", PLAIN),
        ("application/openmetrics-text; version=", PLAIN),
        ("application/openmetrics-text; version=x.y", PLAIN),
        ("application/openmetrics-text; q=0, text/plain", PLAIN),
        ("text/plain;version=0.0.4", PLAIN),
        ("text/html,*/*;q=0.8", PLAIN),
        ("*/*", PLAIN),
        ("", PLAIN),
        (",;,;;=,", PLAIN),
    ],
)
def test_the_form_is_the_one_that_is_accepted(accept: str, form: Form) -> None:
    assert form_for(accept) is form


def test_each_form_has_a_name_of_its_own_which_siblings_ask_for() -> None:
    assert len({form.name for form in FORMS}) == len(FORMS)
    assert all(form.name.isascii() and " " not in form.name for form in FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_a_text_ends_as_its_form_says(form: Form) -> None:
    registry = CollectorRegistry()
    Counter("sent", "Sent", registry=registry).inc()
    Histogram("took_seconds", "Took", registry=registry).observe(0.1)
    text = form.encode(registry).decode()
    assert text.endswith(form.end)
    assert ("# EOF" in text) is bool(form.end)
    assert "sent_total 1.0" in text


def test_the_types_are_those_that_clients_know_the_forms_by() -> None:
    assert PLAIN.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert OPEN.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"

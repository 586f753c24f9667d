"""Scheduling policy: what each frame gets, and whether a stream fits. No threads, no pixels.

Times are arguments in seconds (``now``), media time is integer ticks; only ``handle.py`` reads a
clock. Open first: ``scheduler.py`` (all streams of a worker: decide, report), then
``degradation.py`` (one frame), ``allocation.py`` (all streams), ``cost_model.py`` and
``resource_budget.py`` (what frames cost), ``admission.py`` (one stream), ``passthrough.py``.
"""

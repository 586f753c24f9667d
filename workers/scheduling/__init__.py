"""Policy: what each frame gets, and whether a stream fits. No threads, no clocks, no pixels.

Times are arguments in seconds (``now``), media time is integer ticks. Open first:
``ladder.py`` (one frame), then ``budget.py`` (all streams on one engine, with ``shares.py`` and
``costs.py``), ``admission.py`` (one stream) and ``route.py`` (copy or work).
"""

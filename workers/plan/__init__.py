"""Policy: what each frame gets, and whether a stream fits. No threads, no clocks, no pixels.

Times are arguments in seconds (``now``), media time is integer ticks. Open first:
``lateness.py`` (one frame), then ``admission.py`` (one stream) and ``route.py`` (copy or work).
"""

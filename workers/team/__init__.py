"""One stream enhanced by several workers: its lead gives regions of pictures to helpers.

The lead plans in the small picture, sends tasks, holds the frame until the results are there or its
playout deadline is, and composes. What comes late is never waited for. Without helpers nothing of
this is on a frame's way. Open first: ``planner.py``, then ``dispatcher.py``, which joins the
policies: ``partition.py``, ``device_model.py``, ``hedging.py``, ``playout_delay.py``.
"""

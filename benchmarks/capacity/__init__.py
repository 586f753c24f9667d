"""The number of streams of 480x270 at 30 frames per second that one core enhances in time.

A worker process has a core to itself; the embedded Redis and the feeder, which stands for app,
publishers and viewers, share another one. Start with ``measure.py`` (what is run, in which order);
``run.py`` is one run, ``feed.py`` one stream of it, ``material.py`` what is filmed, ``pinned.py``
the worker; ``figures.py`` says what follows from the frames, ``pass_criteria.py`` when a number
of streams is sustained.
"""

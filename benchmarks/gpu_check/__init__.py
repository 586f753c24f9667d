"""The check of the inference engines on a machine with one NVIDIA GPU: ``make gpu-check``.

Owns: the plan of the steps within a time budget, their processes, and the table and the archive
that they leave. Must not know: streams, Redis, codecs. Every step runs in a process of its own with
a time limit, so that a crash ends nothing but the step. Open first: ``plan.py``, then ``run.py``
(processes) and ``step.py`` (what a step's process does).
"""

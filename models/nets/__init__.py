"""The architectures, one file each: a frozen config and a module whose docstring names its paper,
shapes and range.

Knows neither the training data nor the export format. Needs torch. Start with ``live.py``.
"""

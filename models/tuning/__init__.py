"""Tuning of a net on the pictures of one stream, with a larger net of the zoo as its teacher.

``python -m models.tuning`` is the process that does it, asked through its pipes (``messages``);
``distillation`` is the training, ``teacher`` the choice of the larger net, ``judge`` the comparison
on pictures that were held back. It needs torch and onnx, and knows no stream, no worker and no
clock. Start with ``tuner.py``.
"""

"""Makes the nets: material, degradation by the real live encoders, a patch cache and one training
script.

The way of a patch: ``photos``, ``film``, ``screen`` or ``game`` make a ``Clip`` in high resolution;
``downscale`` reduces it; ``codec`` encodes and decodes it as a live encoder would; ``cache`` cuts
aligned pairs, or sequences with their ``motion``; ``batches`` reads them; ``train`` learns from
them (``video``: the nets that remember). Knows nothing of ONNX, quantization or engines. What
``held_out`` names is never trained on.

Start with ``train.py``; run ``python -m models.training --help``.
"""

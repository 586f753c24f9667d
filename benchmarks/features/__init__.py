"""Quality against the rate of a link when one net runs on two devices: ``docs/split``.

Compares features at a cut of `live-l` (bytes, principal components, vector quantization) with the
finished picture that the first device could have sent instead. Open first: ``codings.py``.
"""

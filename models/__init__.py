"""The super-resolution nets: their shipped form, and everything that makes it.

Owns the zoo (``zoo/NAME/manifest.json`` with its ONNX files), the architectures (``nets``), the
training script (``training``), the ONNX writer (``export``) and the int8 writer (``quantize``).
Knows nothing of streams, jobs, packets or inference engines. ``manifest`` needs neither torch nor
onnx, so that any process may import it.

Start with ``manifest.py``; then ``nets/live.py``.
"""

from wire import telemetry

telemetry.turn_off()

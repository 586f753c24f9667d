"""The super-resolution nets: their shipped form, and everything that makes it.

Owns the zoo (``zoo/NAME/manifest.json`` with its ONNX files), the architectures (``nets``), the
training script (``training``), the ONNX graph (``graph``), its int8 form (``quantize``), the
measurements (``measure``) and the exporter above them all (``export``).
Knows nothing of streams, jobs, packets or inference engines. ``manifest`` needs neither torch nor
onnx, so that any process may import it.

Open first: ``manifest.py``, then ``nets/live.py``.
"""

from wire import telemetry

# ONNX Runtime and OpenVINO's reporter read their switches when they are imported, so this must run
# before any module of the package can import them.
telemetry.turn_off()

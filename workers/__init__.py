"""Workers: they claim streams, decode, enhance and encode them again.

Owns: the worker process (``process``), one stream's session and its pipeline (``session``), the
three steps (``decode``, ``upscale``, ``encode``), the policies of time (``scheduling``), temporal
propagation (``temporal``, ``bitstream``, ``kernels``), inference (``engines``), files
(``transcode``). Must not know: WebRTC, HTTP, who watches. Imports ``wire``, ``media`` and
``models.manifest``. Open first: ``session/pipeline.py``, then ``session/session.py``.
"""

from wire import telemetry

# Before any library that reports home is imported: some read the switch at import.
telemetry.turn_off()

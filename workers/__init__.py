"""Workers: they claim streams, decode, enhance and encode them again.

Owns: the worker process (``process``), one stream's session and its pipeline (``session``), the
three steps (``decode``, ``upscale``, ``encode``), the policies of time (``scheduling``), reuse of
earlier pictures (``temporal``, ``bitstream``, ``kernels``), inference (``engines``), files
(``transcode``). Must not know: WebRTC, HTTP, who watches. Imports ``wire``, ``media`` and
``models.manifest``. Open first: ``session/pipeline.py``, then ``session/session.py``.
"""

from wire import telemetry

telemetry.turn_off()

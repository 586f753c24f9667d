"""Where pixels are moved: workers claim streams, decode, enhance and encode them again.

Owns: the pipeline of one stream (``pipeline.py``: three threads and bounded queues), the policies
of time (``plan``), the inference engines (``engines``), the lead that joins a pipeline to Redis
(``lead.py``), the worker process (``main.py``, ``worker.py``), files (``transcode``).
Must not know: WebRTC, HTTP, who watches. Imports ``wire`` and ``models.manifest``.
Open first: ``pipeline.py``, then ``lead.py``.
"""

from wire import telemetry

telemetry.turn_off()

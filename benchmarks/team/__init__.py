"""One stream on many weak devices over a bad network, with real processes: ``make bench-team``.

``stage`` starts Redis, the app, devices and a publisher in a lab of ``benchmarks.network``;
``recorder`` is a process that keeps what the source and the rendition bring; ``history`` and
``quality`` judge a recording; ``scenarios`` lists what is done to the devices, ``run`` does it and
``report`` writes the table. Root only.
"""

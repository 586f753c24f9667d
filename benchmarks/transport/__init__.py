"""The same frames over every way to carry them between sites, on an emulated path.

``ways`` holds one file per way (Redis, TCP, QUIC, plain UDP, zenoh, our link), each with both ends;
``frames`` makes the frames and judges what arrives, ``end`` is the process of one end, ``run``
measures one cell of the table and ``report`` writes it. Start with ``python -m
benchmarks.transport`` (root only; aioquic and zenoh are optional: ``pip install -e .[bench]``).
"""

"""The WebRTC edge beside others: ``make bench-edge``.

One recorded stream goes to Sharpcast, to Debian's Janus and to a plain relay on aiortc, each in a
process of its own. Viewers are peers in other processes; most count encrypted packets in the
kernel and drop them there, so that what is measured is the server. ``feeder.py`` publishes,
``counting_viewers.py`` watches, ``servers.py`` starts what is compared; ``viewers_per_core.py`` is
the first of the measurements.
"""

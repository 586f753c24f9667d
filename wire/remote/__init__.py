"""Work on devices at other sites: a device calls the gateway over a link, never Redis.

``calls.py`` has everything that a device may ask for. ``gateway_session.py`` answers one device,
for its own jobs only; ``link_site.py`` is what a worker there holds in the place of a
``RedisSite``; ``device_link.py`` keeps its connection. Nothing here knows pictures. Open first:
``calls.py``.
"""

"""The gateway: one UDP port by which devices at other sites join and work.

``gateway.py`` owns the port and everything behind it: a DTLS peer becomes a ``DeviceSession`` once
``doorkeeper.py`` has checked its token, name and key (``wire/devices.py``), and then has what it
asks for carried out by ``wire.remote.gateway_session``. Nothing here knows HTTP, media or pictures.
Open first: ``gateway.py``.
"""

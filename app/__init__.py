"""The app: moves packets between publishers, Redis and viewers; never touches a pixel.

Owns: the web server, WHIP and WHEP sessions, the streams' life, the admin API.
Must not know: torch, openvino, any encoder or decoder. Imports only ``wire`` of ours.
Open first: ``main.py`` (what starts and stops in which order), then ``node.py`` (who owns what).
"""

from wire import telemetry

telemetry.turn_off()

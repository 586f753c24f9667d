"""HLS (RFC 8216bis) of every rendition, with low-latency parts, for players without WebRTC.

A packager is one more consumer of a rendition's reader: it cuts units into parts and segments of
CMAF and keeps the last ones in memory. It begins with the first request and ends some seconds
behind the last one, so that nothing is enhanced for nobody. Numbers and times come from the units
alone, so that all nodes number segments alike. It must not know WebRTC or HTTP.
Open first: ``segmenter.py`` (where parts are cut), then ``packager.py``.
"""

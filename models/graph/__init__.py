"""The run-time form of a live net: plain convolutions in numpy, and the ONNX graph around them.

Both the exporter and the int8 writer build on it. It needs no torch. Open first: ``plain.py``
(what is written), then ``writer.py`` (how).
"""

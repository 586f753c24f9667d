"""The upscaling stage: what makes a frame larger, and the methods for it.

Owns: the methods, padding to what a net takes, cropping, and the cache of compiled nets. Must not
know: codecs, queues, Redis. Open first: ``stage.py`` (one frame), ``method.py`` and
``methods/table.py`` (ways to make it), then ``stream_models.py`` (a stream's nets).
"""

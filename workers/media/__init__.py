"""Value types of pixels: a picture in YUV 4:2:0, and a frame on its way through the pipeline.

They know nothing of threads, nets or Redis. Open first: ``picture.py``.
"""

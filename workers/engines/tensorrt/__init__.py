"""Inference on NVIDIA GPUs by TensorRT 11: strongly typed graphs, engines ("plans") kept on disk.

Owns: the rewrites that TensorRT needs of a graph, the plans and where they are kept, the buffers.
All but ``device.py``, which holds every call of TensorRT and CUDA, is tested without a GPU;
``device.py`` was written from the documentation and has not run on hardware yet. Open first:
``engine.py``, then ``gpu_api.py`` (what the engine asks of a GPU).
"""

"""Inference runtimes behind one small Protocol, chosen from an explicit table, loaded on use.

Owns: what each runtime needs to load a net and run it on luma planes. Must not know: streams,
queues, chroma, Redis. Open first: ``engine.py`` (the Protocols) and ``registry.py`` (the table),
then ``openvino.py``; ``selection.py`` measures which engine is the fastest here.
"""

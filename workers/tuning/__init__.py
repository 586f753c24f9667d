"""Online tuning: a stream's own net, trained on its pictures in the time that is left.

``tuning_policy`` decides, without I/O or clock; ``stream_tuning`` ties it to a stream's upscaling
stage, ``tuner_process`` to the process that trains (``models.tuning``), ``tunings`` belongs to the
worker. It knows no Redis. A stream that is not tuned has none of this.
"""

"""A bad network in user space, for kernels without netem, and devices with little processor time.

``lab.open_lab`` gives a hub and devices in network namespaces of their own, each device joined to
the hub by a pair of TUN interfaces; ``emulator`` is the process between them, ``path`` decides what
becomes of a packet (sans-I/O), ``conditions`` says how good a path is, and ``cpu_group`` holds
processes to a quota. Nothing here knows what the processes do. Open ``lab`` first.
"""

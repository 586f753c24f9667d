"""Webhooks: what happens to streams, told to other servers by HTTP, signed and repeated.

Owns: events, signatures, and a bounded queue for each receiver. Must not know: streams, viewers,
recordings; the node hands facts in. A receiver that is slow or away holds nobody else.
Open first: ``webhooks.py``; the policy of repeating is in ``delivery_queue.py``.
"""

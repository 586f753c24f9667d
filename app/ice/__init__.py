"""An ICE-lite agent of our own (RFC 8445 section 2.5), without I/O and without a clock.

Owns: STUN messages, the agent of one peer (checks, selected pair, consent, restart), and the table
by which datagrams find their peer. Must not know: sockets, asyncio, DTLS, SDP.
Open first: ``lite_agent.py``; what sends and receives for it is in ``app.webrtc``.
"""

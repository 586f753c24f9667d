"""Devices that join, over real sockets and a real Redis."""

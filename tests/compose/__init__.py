"""The Compose file: what it promises, and its very commands run as processes."""

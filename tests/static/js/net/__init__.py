"""Transport, sessions and the JSON API."""

"""Files for Prometheus and Grafana: what to scrape, alerts, a dashboard.

Owns: ``files``, which Compose uses as they are, and what ``sharpcast monitoring`` changes in them.
Must not know: metrics by name; ``docs/draw_dashboard.py`` draws the dashboard from its table.
First file: ``files/prometheus/sharpcast.rules.yml``.
"""

"""The Grafana dashboard, generated from a table of panels."""

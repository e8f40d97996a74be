"""The HTTP API: functions that read the projection, and the routes that call them."""

"""Events that arrive over HTTP: checked as the services check them, and sent to the topics that these read."""

"""Messages and definitions of the services behind lead-qualified."""

"""The demo: a broker, a worker, a stream of events as scoring engines and a CRM would send them, and a screen."""

"""The worker: the domain on the engine, with Faust's app, the criteria table, health and metrics around it."""

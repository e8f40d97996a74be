"""The pages, rendered on the server. They call the API's functions, never the projection."""

"""HTTP requests to systems of others, bounded in time and size, and OAuth access tokens for them."""

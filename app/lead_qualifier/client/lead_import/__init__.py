"""The first load: leads, owners and scores from a CRM's export into the stream."""

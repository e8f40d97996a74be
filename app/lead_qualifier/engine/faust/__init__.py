"""The bridge to Faust and aiokafka: the app, its consumer with whole batches, and what shows that it still fetches."""

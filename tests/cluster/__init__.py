"""Real servers on loopback, a Dask cluster and an S3 server, and what runs give on them."""

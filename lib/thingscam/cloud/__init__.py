# The service: its upload, error codes, pace, and what to do when it fails.

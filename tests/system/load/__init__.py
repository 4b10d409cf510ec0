"""Load: what a receiver takes in, beside a handler that does nothing but write a file."""

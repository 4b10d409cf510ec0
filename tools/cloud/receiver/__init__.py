# What surrounds the service for good: who may look, what is told, how long pictures are kept.

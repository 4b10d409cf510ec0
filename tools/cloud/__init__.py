# The local stand-in for the image service.

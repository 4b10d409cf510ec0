# The whole way of a picture on this computer: stand-in and virtual board together.

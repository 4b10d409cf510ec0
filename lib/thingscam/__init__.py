# thingscam: a camera board that can be trusted with its pictures.

__version__ = "0.1.0"

# thingscam: a camera board that can be trusted with its pictures.

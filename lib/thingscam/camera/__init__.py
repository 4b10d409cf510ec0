# The camera: one face for its drivers, the drivers, and what they share.


class CameraError(Exception):
    """No picture could be taken; the text says why, and what a person should do."""


def constant(where, name, frame_size=None):
    """Return a constant of the driver by its name; raises CameraError when it has none.

    `frame_size` is what the setting has, where the driver calls that something else.
    """
    value = getattr(where, name, None)
    if value is None:
        raise CameraError(
            "camera.frame_size: the driver does not know {}".format(frame_size or name)
        )
    return value

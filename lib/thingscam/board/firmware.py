# Whether the firmware's MicroPython will do.


def too_old(version, card):
    """Return why MicroPython `version` (a tuple) is too old for the app, a text, or None.

    `card`: whether pictures are to wait on an SD card.
    """
    found = tuple(version[:3])
    text = "MicroPython {} is too old, take {} or later: {}"
    name = ".".join([str(part) for part in found])
    if found < (1, 22):
        return text.format(name, "1.22", "each reset makes it forget pace, pauses and crashes")
    if card and found < (1, 24, 1):  # 1.24.0 takes no ESP32's card at all
        return text.format(name, "1.24.1", "what it fails to write to a card counts as written")
    return None

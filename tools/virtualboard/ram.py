# The chip's internal RAM: one heap for MicroPython's own, Wi-Fi, TLS and the camera's driver.

# An ESP32 without PSRAM after its start: esp32.idf_heap_info() in docs/library/esp32.rst of
# MicroPython v1.20.0 has 113,840 bytes for MicroPython's heap and 50,752 free beside it.
_FREE = 113840 + 50752
# MICROPY_GC_INITIAL_HEAP_SIZE, ports/esp32/mpconfigport.h v1.22.0 to v1.27.0. With PSRAM it lies
# there: malloc() goes there for more than 8 KB (CONFIG_SPIRAM_MALLOC_ALWAYSINTERNAL).
_HEAP = 64 * 1024
WIFI = 40 * 1024  # assumed: what people have measured; buffers of its own, 10 of 1.6 KB, and tasks
TLS = 40 * 1024  # assumed: 16 KB in, 4 KB out (sdkconfig.base), certificates, arithmetic
_TLS_PSRAM = 20 * 1024  # assumed: the two buffers are in PSRAM then


class Ram:
    """Who has how much of it, in bytes."""

    def __init__(self, psram):
        self._psram = psram
        self._taken = {}
        self.reset()

    def reset(self):
        """The chip was reset."""
        self._taken.clear()
        if not self._psram:
            self._taken["heap"] = _HEAP

    def take(self, who, size):
        """Have `who` take so much in the place of what it has; returns whether there was room."""
        before = self._taken.pop(who, 0)
        if size > self.free():
            self._taken[who] = before
            return False
        self._taken[who] = size
        return True

    def take_tls(self, connection):
        """Have one TLS connection take what it needs; returns whether there was room."""
        return self.take("tls " + str(connection), _TLS_PSRAM if self._psram else TLS)

    def grow_heap(self, size):
        """Have MicroPython's heap take so much more; ValueError when it cannot."""
        before = self._taken.get("heap")
        if before is None or not self.take("heap", before + size):
            raise ValueError(
                "the heap cannot grow by {} bytes, {} are free".format(size, self.free())
            )

    def give(self, who):
        """Have `who` give back what it has."""
        self._taken.pop(who, None)

    def free(self):
        """Return how much there is left."""
        return _FREE - sum(self._taken.values())

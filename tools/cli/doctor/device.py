# The doctor's hands: sent to the board and run there, one step at a time, under MicroPython.
#
# Each step is a function of its name that returns what it found, or raises Trouble. What one
# finds and another needs is in `have`.

import binascii
import gc
import json
import os
import sys
import time

have = {}

_LEAST_FREE = 65536
_LEAST_PSRAM = 1000000
_TWO = ("brightness", "contrast", "saturation", "ae_level")  # from -2 to 2 on an OV2640
_JOIN_S = 50
_CLOCK_S = 45
_WEAK_DBM = -80
_TRUSTED_YEAR = 2024


class Trouble(Exception):  # noqa: N818 it reads as what it is
    """A step failed: what was found, and what a person should do."""

    def __init__(self, found, remedy):
        super().__init__(found)
        self.remedy = remedy


class Lines:
    """A Log that keeps the last line of news, and the last of trouble."""

    news = trouble = ""

    def info(self, text, *values):
        self.news = text % values if values else text

    def warning(self, text, *values):
        self.trouble = text % values if values else text

    debug = info
    error = warning


def run(name):
    """Run one step and print its result as JSON; secrets are masked."""
    result = {"ok": True}
    try:
        result["text"] = globals()[name]()
    except Trouble as e:
        result.update(ok=False, text=str(e), remedy=e.remedy)
    except MemoryError as e:
        result.update(ok=False, text="MemoryError: %s" % e)
        result["remedy"] = "take firmware with PSRAM support, or a smaller camera.frame_size"
    except Exception as e:  # whatever a firmware or driver raises: the next step goes on
        result.update(ok=False, text="%s: %s" % (type(e).__name__, e), remedy=_REMEDIES[name])
    gc.collect()
    if "config" in have:
        from thingscam.util.redact import mask

        secrets = have["config"].secrets
        result = {
            key: mask(value, secrets) if isinstance(value, str) else value
            for key, value in result.items()
        }
    print("RESULT " + json.dumps(result))


_REMEDIES = {
    "micropython": "flash MicroPython 1.22 or later",
    "files": "python -m tools deploy PORT",
    "filesystem": "write a new one: python -m tools flash --firmware FILE --port PORT",
    "config": "python -m tools config, then python -m tools deploy PORT",
    "updates": "python -m tools deploy PORT",
    "psram": "take firmware with PSRAM support (SPIRAM)",
    "camera": "check the camera's ribbon cable and the power supply",
    "wifi": "check wifi, and the power supply: the radio draws up to 500 mA",
    "dns": "check cloud.endpoint, and that the network has a way to the internet",
    "hours": "python -m tools config, then python -m tools deploy PORT",
    "clock": "let UDP port 123 (NTP) through",
    "tcp": "check cloud.endpoint, and the network's firewall",
    "tls": "check cloud.ca: python -m tools config --fetch-ca",
    "upload": "check the cloud settings",
    "reports": "check cloud.device_endpoint, cloud.access_token and cloud.project_key",
}


def micropython():
    version = sys.implementation.version
    text = "%d.%d.%d, %s" % (version[:3] + (getattr(sys.implementation, "_machine", "?"),))
    if version[:2] < (1, 22):
        raise Trouble(text, "thingscam needs 1.22 or later: flash another")
    return text


def files():
    import thingscam
    from thingscam import app  # noqa: F401 that they can be had
    from thingscam.camera import camera  # noqa: F401 that they can be had
    from thingscam.cloud import uploader  # noqa: F401 that they can be had
    from thingscam.http import session  # noqa: F401 that they can be had

    version = getattr(thingscam, "__version__", "without a version")
    path = getattr(thingscam, "__file__", "/lib/")
    if path.startswith("/slot/"):
        return "%s, from %s" % (version, path[:7])
    # Without a file it is half a package: other files are missing, too.
    if not path.startswith("/lib/"):
        return "%s, frozen into the firmware" % version
    return version


def filesystem():
    found = os.statvfs("/")
    # littlefs may count more blocks in use than there are, and takes the difference.
    blocks = found[3] if 0 < found[3] <= found[2] else 0
    free, total = found[0] * blocks, found[1] * found[2]
    text = "%d of %d KB free" % (free // 1024, total // 1024)
    if free < _LEAST_FREE:
        raise Trouble(text, "remove old pictures (outbox.path), or lower outbox.max_bytes")
    return text


def config():
    from thingscam.config import config

    try:
        found = config.load("/config.json", True)
    except config.ConfigError as e:
        raise Trouble(str(e), "python -m tools config, then python -m tools deploy PORT")
    have["profile"] = found.profile
    have["config"] = found
    if found.on_card() and sys.implementation.version[:3] < (1, 24, 1):
        text = "a write to the SD card of outbox.path that fails counts as done before 1.24.1"
        raise Trouble(text, "flash MicroPython 1.24.1 or later, or set outbox.path to /outbox")
    text = "%s, %s, %s" % (found.camera.board, found.power.mode, found.cloud.endpoint)
    state = getattr(getattr(found, "remote", None), "state", None)
    on = state.on if state else {}
    names = ", ".join(sorted(section + "." + key for section in on for key in on[section]))
    if names:
        text += "; set from afar, undone by config --forget-remote: %s" % names
    return text


def updates():
    try:
        there = os.listdir("/slot")
    except OSError:
        there = ()
    if "__init__.mpy" not in there:
        if "update" in have["config"].extras:
            raise Trouble("there is no /slot/__init__.mpy: none are taken", _REMEDIES["updates"])
        return "not used: there is no update.url"
    from thingscam import __version__
    from thingscam.update import choose

    record = choose.read()
    slot = record.trial or record.good
    if slot and record.mpy != choose.mpy():
        text = "what %s holds is for another MicroPython: %s runs, which came by cable"
        raise Trouble(text % (choose.path(slot), __version__), _REMEDIES["updates"])
    if record.trial:
        text = "%s is on trial in %s" % (record.version, choose.path(slot))
    elif slot:
        text = "%s runs, from %s" % (__version__, choose.path(slot))
    else:
        text = "%s runs, which came by cable" % __version__
    if record.refused:
        text += "; %s did not work: not taken again, but deploy clears the slots" % record.refused
    return text


def psram():
    total = gc.mem_free() + gc.mem_alloc()
    try:
        import esp32

        # Each is (total, free, largest free block, least free ever).
        total = max([total] + [heap[0] for heap in esp32.idf_heap_info(esp32.HEAP_DATA)])
    except (ImportError, AttributeError):
        pass
    found = total >= _LEAST_PSRAM
    text = "%d KB" % (total // 1024) if found else "none"
    if have["profile"].psram and not found:
        raise Trouble(
            "none seen, and the board should have it",
            "take firmware with PSRAM support (SPIRAM), or check camera.board",
        )
    return text if have["profile"].psram else text + ", as this board is known"


def camera():
    from thingscam.camera.camera import Camera, CameraError

    _let_go()
    _station()  # it takes its memory first, as in the app
    try:
        device = Camera(have["config"].camera, have["config"].cloud.limit_bytes, have["profile"])
        have["camera"] = device
        frame = have["frame"] = device.capture()
    except CameraError as e:
        raise Trouble(str(e), "more: docs/troubleshooting.md")
    sensor = _sensor_name(device)
    driver = _driver() + (" (%s)" % sensor if sensor else "")
    text = "%s, %d bytes" % (driver, len(frame))
    wanted = have["config"].camera.frame_size
    if device.size != wanted:
        text += " in %s: the memory holds no %s now" % (device.size, wanted)
    if device.refused:
        wide = sensor == "OV2640"
        names = [name + " (-2...2)" * (wide and name in _TWO) for name in device.refused]
        text += ", does not take sensor.%s" % ", sensor.".join(names)
    return text


def picture():
    """Print the frame that camera() took, for the computer."""
    frame = have["frame"]
    for at in range(0, len(frame), 384):
        print(binascii.b2a_base64(frame[at : at + 384]).decode().strip())


def wifi():
    from thingscam.board import rtc

    station, log = _station()
    several = len(have["config"].wifi) > 1
    end = time.time() + _JOIN_S
    while not station.step():
        if time.time() > end or not several and "password" in log.trouble:
            raise Trouble(
                log.trouble or "not joined",
                "check name and password in wifi, and that it is a 2.4 GHz network in reach",
            )
        time.sleep(0.1)
    text = "%s, by wifi[%d]" % (log.news, rtc.recall(rtc.WIFI)[0])
    if log.trouble:
        text += " (%s)" % log.trouble
    rssi = station.rssi()
    if rssi is not None and rssi < _WEAK_DBM:
        raise Trouble(text, "too weak to rely on: move the antenna or the access point")
    return text


def dns():
    import socket

    secure, host, port = _peer()
    for left in (2, 1, 0):  # a network just joined may not be ready for it
        try:
            have["address"] = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
            break
        except OSError as e:
            if not left:
                raise Trouble("%s: the name does not resolve (%s)" % (host, e), _REMEDIES["dns"])
            time.sleep(1)
    return "%s is at %s" % (host, have["address"][-1][0])


def clock():
    from thingscam.board.clock import Clock

    log = Lines()
    gateway = _station()[0].gateway
    found = Clock(have["config"].clock.servers, log, _nobody, lambda off: None, gateway)
    end = time.time() + _CLOCK_S
    while not (found.is_set() and log.news) and time.time() < end:
        found.step()
        time.sleep(0.1)
    now = time.gmtime()
    text = "%04d-%02d-%02dT%02d:%02d:%02dZ" % tuple(now[:6])
    if not found.is_set():
        loss = "no certificate can be checked" if _needs_clock() else "pictures have no time"
        raise Trouble("not set, %s (%s)" % (loss, log.trouble), _REMEDIES["clock"])
    have["now"] = found.now()
    return text


def hours():
    settings = getattr(have["config"], "schedule", None)
    if settings is None or not settings.windows:
        return "none: pictures are taken at all hours"
    if "now" not in have:
        text = "the clock is not set: pictures are taken at all hours"
        raise Trouble(text, _REMEDIES["clock"])
    from thingscam.schedule.windows import Windows
    from thingscam.schedule.zone import Zone

    found, now = Windows(settings, Zone(settings.timezone)), have["now"]
    inside, change = found.state(now)
    today = ", ".join(["%s - %s" % tuple(map(found.text, each)) for each in found.today(now)])
    text = "%s here, outside the hours %s; today: %s"
    if inside:
        text = "%s here, within the hours %s; today: %s"
    return text % (found.text(now), found.until(now, change), today or "none begins")


def tcp():
    import socket

    address = have["address"]
    sock = socket.socket(address[0], socket.SOCK_STREAM)
    sock.settimeout(have["config"].cloud.timeout_s)
    try:
        before = time.ticks_ms()
        sock.connect(address[-1])
        took = time.ticks_diff(time.ticks_ms(), before)
    except OSError as e:
        raise Trouble("port %d: %s" % (address[-1][1], e), _REMEDIES["tcp"])
    finally:
        sock.close()
    return "port %d open, %d ms" % (address[-1][1], took)


def tls():
    import socket

    from thingscam.http import CertificateError, context, tls

    cloud = have["config"].cloud
    secure, host, _ = _peer()
    if not secure:
        return "not used: cloud.endpoint is http"
    if not have["profile"].psram:
        close()  # they have no room beside each other; frames are copies there
    try:
        trusted = context.make_context(cloud.ca, cloud.verify)
        sock = socket.socket(have["address"][0], socket.SOCK_STREAM)
        try:
            sock.settimeout(cloud.timeout_s)
            sock.connect(have["address"][-1])
            secured, stream = tls.wrap(trusted, sock, host)
            try:
                tls.shake_hands(secured, stream, b"\r\n", host)
            finally:
                secured.close()
        finally:
            sock.close()
    except CertificateError as e:
        raise Trouble(str(e), "check cloud.ca (python -m tools config --fetch-ca) and the clock")
    if not cloud.verify:
        raise Trouble("not verified: anyone on the way may read along", "set cloud.verify to true")
    return "the certificate of %s is good" % host


def upload():
    from thingscam.cloud.interval import Interval
    from thingscam.cloud.uploader import Uploader, UploadError
    from thingscam.http.session import Session

    cloud = have["config"].cloud
    ca = cloud.ca if cloud.endpoint.startswith("https:") else None
    pace = Interval()
    while pace.left_ms():
        time.sleep(0.1)
    session = Session(ca, cloud.timeout_s, cloud.verify)
    for more in (1, 0):  # the service may have taken in late what the app sent before
        try:
            before = time.ticks_ms()
            url = Uploader(have["config"], session).upload(have["frame"])
            took = time.ticks_diff(time.ticks_ms(), before)
            break
        except UploadError as e:
            if not more or e.errcode not in (4291, 4292):
                raise Trouble("%s (%s)" % (e, e.action), _REMEDIES["upload"])
        finally:
            session.close()
            pace.restart()
        while pace.left_ms():
            time.sleep(0.1)
    return "%d bytes in %d ms -> %s" % (len(have["frame"]), took, url)


def reports():
    from thingscam.cloud.device import Device
    from thingscam.cloud.uploader import UploadError
    from thingscam.http.session import Session

    cloud = have["config"].cloud
    if not cloud.device_endpoint:
        return "not used: there is no cloud.device_endpoint"
    if not have["profile"].psram:
        close()
    ca = cloud.ca if cloud.device_endpoint.startswith("https:") else None
    session = Session(ca, cloud.timeout_s, cloud.verify)
    device = Device(have["config"], session)
    try:
        before = time.ticks_ms()
        device.attributes(("version",))  # to ask is no message
        took = time.ticks_diff(time.ticks_ms(), before)
    except UploadError as e:
        raise Trouble("%s (%s)" % (e, e.action), _REMEDIES["reports"])
    finally:
        device.close()
        session.close()
    return "%s knows the device, %d ms" % (cloud.device_endpoint, took)


def close():
    """Leave the camera as it was found."""
    if "camera" in have:
        have.pop("camera").close()


def _station():
    # One for all steps: a new one leaves what was joined before, so what is joined is so by wifi.
    if "station" not in have:
        from thingscam.board.wifi import Wifi

        log = Lines()
        have["station"] = Wifi(have["config"].wifi, log, _nobody), log
    return have["station"]


def _let_go():
    # A deep sleeper that was stopped before its app began holds its pins still, as it slept.
    from thingscam.board import chip

    profile = have["profile"]
    pins = profile.light, profile.lamp, profile.pins[14] if profile.pins else None
    for number in pins:
        if number is not None and number >= 0:
            chip.let_go(number)


def _sensor_name(device):
    # As the driver tells it, if it does.
    driver = getattr(getattr(device, "_device", None), "driver", None)
    return driver.get_sensor_name() if hasattr(driver, "get_sensor_name") else None


def _driver():
    try:
        import camera as driver
    except ImportError:
        return "OpenMV driver"
    return "micropython-camera-API" if hasattr(driver, "Camera") else "lemariva's driver"


def _peer():
    scheme, _, rest = have["config"].cloud.endpoint.partition("://")
    host, _, port = rest.partition(":")
    secure = scheme == "https"
    return secure, host, int(port) if port else (443 if secure else 80)


def _needs_clock():
    cloud = have["config"].cloud
    return cloud.verify and cloud.endpoint.startswith("https:")


def _nobody():
    return False  # is there to be photographed meanwhile

# What programs find on a board, asked in one way of the fake board and of the virtual one.


def seen(call, *args, **kwargs):
    """Return what a call returns, or the kind of the exception and its first argument."""
    try:
        return call(*args, **kwargs)
    except Exception as e:
        return [type(e).__name__, e.args[0] if e.args else None]


def pins(machine, wait):
    """Yield facts of pins: what pulls one stays until somebody takes it off."""
    make = machine.Pin
    yield "pulled up", make(13, make.IN, make.PULL_UP).value()
    yield "pulled as before", make(13, make.IN).value()
    yield "not pulled", make(13, make.IN, None).value()
    held = make(4, make.OUT, value=1, hold=True)
    held.value(0)
    yield "let go", make(4, make.OUT, hold=False) is not None


def start(machine, wait):
    """Yield facts of the start, which was a soft reset."""
    yield "cause", machine.reset_cause() == machine.SOFT_RESET
    yield (
        "causes",
        sorted(
            [
                machine.PWRON_RESET,
                machine.HARD_RESET,
                machine.WDT_RESET,
                machine.DEEPSLEEP_RESET,
                machine.SOFT_RESET,
            ]
        ),
    )
    yield "wake-up", machine.wake_reason()


def memory(machine, wait):
    """Yield facts of RTC memory."""
    rtc = machine.RTC()
    rtc.memory(b"abc")
    yield "kept", machine.RTC().memory()
    yield "too long", seen(rtc.memory, bytes(2049))
    yield "as before", rtc.memory()
    rtc.memory(b"")
    yield "none", rtc.memory()


def voltages(machine, wlan):
    """Yield facts of the ADC of an ESP32: on GPIO33 are 1800 mV, and on 13 too."""
    on = machine.ADC
    yield "attenuations", (on.ATTN_0DB, on.ATTN_2_5DB, on.ATTN_6DB, on.ATTN_11DB)
    yield "no pin of it", seen(on, machine.Pin(5))
    wlan.active(False)
    for number in (33, 13):
        adc = on(machine.Pin(number), atten=on.ATTN_11DB)
        found = [adc.read_uv() for _ in range(15)]
        yield "noisy %d" % number, len(set(found)) > 1
        yield "whole millivolts %d" % number, {each % 1000 for each in found}
        yield "near by %d" % number, abs(sorted(found)[7] - 1800000) < 15000
        yield (
            "in sixteen bits %d" % number,
            32000 < sorted(adc.read_u16() for _ in range(15))[7] < 34000,
        )
    wlan.active(True)
    yield "while the radio is on", seen(on(machine.Pin(13), atten=on.ATTN_11DB).read_u16)
    adc = on(machine.Pin(33), atten=on.ATTN_11DB)
    yield "ADC1 does not mind", adc.read_u16() > 30000
    yield "deinit", hasattr(adc, "deinit")
    if hasattr(adc, "deinit"):
        adc.deinit()
        yield "behind it", seen(adc.read_u16)


def station(wlan, wait):
    """Yield facts of network.WLAN; in reach are "net" with "secret", and a weaker "other"."""
    wlan.active(False)
    yield "off", (wlan.active(), wlan.isconnected(), wlan.status())
    yield "off: connect", seen(wlan.connect, "net", "secret")
    yield "off: disconnect", seen(wlan.disconnect)
    yield "off: scan", seen(wlan.scan)
    yield "off: rssi", seen(wlan.status, "rssi")
    yield "off: address", wlan.ifconfig()[0]
    wlan.active(True)
    yield "on", (wlan.active(), wlan.isconnected(), wlan.status())
    found = [(each[0], each[3], each[5]) for each in wlan.scan()]
    yield "found", sorted(found)
    wlan.config(reconnects=0)
    yield from _joined(wlan, wait)
    yield "another name", seen(wlan.connect, "nowhere", "secret")
    wait(6000)
    yield "another name: in the end", (wlan.isconnected(), wlan.status())
    wlan.connect("net", "wrong")
    wait(8000)
    yield "another password: in the end", (wlan.isconnected(), wlan.status())
    wlan.active(False)
    wait(500)
    yield "off again", (wlan.active(), wlan.isconnected(), wlan.status())


def _joined(wlan, wait):
    wlan.connect("net", "secret")
    yield "joining", (wlan.isconnected(), wlan.status())
    yield "joining: connect", seen(wlan.connect, "other", "geheim")
    yield "joining: config", seen(wlan.config, reconnects=0)
    yield "joining: scan", wlan.scan()
    for _ in range(200):
        if wlan.isconnected():
            break
        wait(50)
    yield "joined", (wlan.isconnected(), wlan.status(), wlan.config("essid"), wlan.status("rssi"))
    yield "joined: address", wlan.ifconfig()[0] != "0.0.0.0"
    wlan.disconnect()
    yield "left, but for the event", wlan.isconnected()
    wait(500)
    yield "left", (wlan.isconnected(), wlan.status())
    yield "left: rssi", seen(wlan.status, "rssi")


def facts(machine, network, wait):
    """Return all of them as {name: what was found, as text}; `wait` takes milliseconds."""
    found = {}
    for part in (pins, start, memory):
        for name, value in part(machine, wait):
            found[part.__name__ + ": " + name] = repr(value)
    for name, value in voltages(machine, network.WLAN(network.STA_IF)):
        found["voltages: " + name] = repr(value)
    for name, value in station(network.WLAN(network.STA_IF), wait):
        found["station: " + name] = repr(value)
    return found

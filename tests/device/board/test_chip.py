# chip: why it started, RTC memory, deep sleep and the pins that are held in it.

from fakeboard import Gone, on_board
from support import raises
from thingscam.board import chip, rtc


@on_board
def test_a_pull_of_before_is_off_a_sensor_pin(esp):
    pin = esp.machine.Pin(14, esp.machine.Pin.IN, esp.machine.Pin.PULL_UP)
    assert pin.value() == 1
    esp.restart("soft_reset")
    assert esp.machine.Pin(14, esp.machine.Pin.IN).value() == 1, "no argument leaves it"
    assert chip.input_pin(14).value() == 0


@on_board
def test_why_it_started(esp):
    for cause in ("power_on", "reset", "watchdog", "deep_sleep", "soft_reset"):
        esp.restart(cause)
        assert chip.start_cause() == cause
    esp.machine.reset_cause = lambda: 77
    assert chip.start_cause() == "power_on"


@on_board
def test_what_woke_it(esp):
    assert not chip.woken_by_pin()
    esp.wake(1000, by_pin=True)
    assert chip.woken_by_pin()
    esp.wake(1000)
    assert not chip.woken_by_pin()
    # The chip still tells of the last wake-up after a soft reset.
    esp.wake(1000, by_pin=True)
    esp.restart("soft_reset")
    assert esp.machine.wake_reason() == 2
    assert not chip.woken_by_pin()


@on_board
def test_memory_is_bounded_and_checked(esp):
    for place in ((0, 1), (600, 44), (2048 - 24, 20)):
        assert rtc.recall(place) is None
        rtc.remember(place, bytes(range(place[1])))
        assert rtc.recall(place) == bytes(range(place[1]))
    esp.rtc = esp.rtc[:-1]
    assert rtc.recall((2048 - 24, 20)) is None
    esp.rtc = b""
    rtc.remember((0, 1), b"x")
    assert len(esp.rtc) == 5
    esp.machine.RTC = None
    del esp.machine.RTC
    rtc.remember((0, 1), b"x")
    assert rtc.recall((0, 1)) is None


@on_board
def test_sleeps_until_the_time_or_the_pin(esp):
    for ms, number in ((60000, None), (60000, 13), (0, 13)):
        esp.wake(0)
        pin = None if number is None else chip.input_pin(number)
        raises(Gone, chip.deep_sleep, ms, pin)
        assert (esp.slept, esp.wake_pin) == (ms, number)


@on_board
def test_a_wake_up_pin_of_before_a_soft_reset_is_taken_back(esp):
    raises(Gone, chip.deep_sleep, 60000, chip.input_pin(13))
    esp.restart("soft_reset")  # a Ctrl-C came between
    assert esp.wake_pin == 13
    raises(Gone, chip.deep_sleep, 60000, None)
    assert esp.wake_pin is None


@on_board
def test_holds_pins_through_a_deep_sleep(esp):
    chip.hold(4, 0)
    chip.hold(32, 1)
    esp.wake(1000)
    assert esp.held == [4, 32]
    assert (esp.outputs[4], esp.outputs[32]) == (0, 1)
    chip.let_go(32)
    assert esp.held == [4]
    light = chip.Light(4)
    light(True)
    assert esp.outputs[4] == 0  # still held
    chip.let_go(4)
    light(True)
    assert esp.outputs[4] == 1


def test_knows_when_memory_is_short():
    for e in (
        MemoryError(),
        OSError(12),
        OSError(12, "ENOMEM"),
        OSError(-32512, "MBEDTLS_ERR_SSL_ALLOC_FAILED"),
        OSError(
            -17040, "RSA - The public key operation failed : BIGNUM - Memory allocation failed"
        ),
    ):
        assert chip.is_out_of_memory(e), repr(e)
    for e in (OSError(), OSError(5), OSError(-202), ValueError(12), OSError("x"), None):
        assert not chip.is_out_of_memory(e), repr(e)


@on_board
def test_a_computer_has_none_of_it(esp):
    chip.machine = None
    assert chip.start_cause() == "power_on"
    assert not chip.woken_by_pin()
    assert chip.input_pin(13) is None
    chip.hold(4, 0)
    chip.let_go(4)
    chip.reset()

# safemode, boot.py, main.py: a person gets in, whatever is broken; and the watchdog over resets.

import os
import sys

import thingscam
from fakeboard import Board, Gone, Names, on_board
from support import OldJson, env, new_folder, raises
from thingscam import crashes, safemode
from thingscam.board import chip, rtc, watchdog
from thingscam.board.counters import Counters
from thingscam.util import redact as masks


def crash(esp):
    """Let the app crash once; the board restarts."""
    crashes.begin()
    before = esp.ticks
    raises(Gone, crashes.crashed, ValueError("a fault of ours"))
    assert esp.log.pop() == "reset"
    assert esp.ticks - before >= 2000  # time for a person to interrupt it
    esp.restart("reset")


def run(name, **names):
    """Run boot.py or main.py as a board does; return the globals behind it."""
    names["__name__"] = "__main__"
    root = env("ROOT")
    with open(root + "/" + name) as file:
        exec(file.read(), names)
    return names


@on_board
def test_no_reason_at_first(esp):
    for cause in ("power_on", "reset", "deep_sleep", "soft_reset"):
        esp.restart(cause)
        assert safemode.reason() is None


@on_board
def test_three_crashes_in_a_row(esp):
    for _ in range(2):
        crash(esp)
        assert safemode.reason() is None
    crash(esp)
    found = safemode.reason()
    assert "3 starts" in found and "crash" in found
    # The next start tries again: it may have been fixed. Without a person, in an hour, by the
    # watchdog, which is no crash.
    assert esp.dog.timeout == 3600000 and esp.timers == {}
    for _ in range(3):
        esp.restart("watchdog")
        assert safemode.reason() is None


@on_board
def test_a_crash_shows_no_secret(esp):
    printed = []
    masks.print = printed.append
    masks.hide(("a-pass-word",))
    try:
        raises(Gone, crashes.crashed, ValueError("wrong: a-pass-word"))
    finally:
        del masks.print
        masks.hide(())
    assert "ValueError: wrong: ***" in "\n".join(printed)


@on_board
def test_crashes_are_counted(esp):
    crash(esp)
    crash(esp)
    assert Counters().as_dict()["crash"] == 2


@on_board
def test_three_bites_of_the_watchdog(esp):
    for i in range(3):
        crashes.begin()
        esp.restart("watchdog")
        assert (safemode.reason() is None) == (i < 2)
    # Mixed with crashes it is the same.
    esp.power_cut()
    crash(esp)
    safemode.reason()
    crashes.begin()
    esp.restart("watchdog")
    safemode.reason()
    crash(esp)
    assert safemode.reason()


@on_board
def test_three_panics_look_like_a_reset_and_are_crashes(esp):
    # The network is no excuse for a panic, as it is for the watchdog.
    for online in (False, True):
        esp.power_cut()
        for i in range(3):
            crashes.begin()
            watchdog.waiting(online)
            esp.restart("reset")
            assert (safemode.reason() is None) == (i < 2)
            assert "panic" in crashes.ended
        assert Counters().as_dict()["crash"] == 3


@on_board
def test_a_person_who_restarts_a_board_is_no_crash(esp):
    def ctrl_c(esp):
        crashes.end()
        esp.restart("soft_reset")  # mpremote's
        safemode.reason()

    for _ in range(5):
        crashes.begin()
        ctrl_c(esp)
        esp.restart("reset")
        assert safemode.reason() is None and crashes.ended is None
    for _ in range(5):
        crashes.begin()
        esp.restart("power_on")  # the button, the plug, and a supply that is too weak
        assert safemode.reason() is None and crashes.ended is None
    # An app that was started by hand, without main().
    for _ in range(5):
        watchdog.waiting(True)
        watchdog.waiting(False)
        esp.restart("reset")
        assert safemode.reason() is None and crashes.ended is None


@on_board
def test_the_network_never_leads_to_safe_mode(esp):
    for _ in range(9):
        crashes.begin()
        watchdog.waiting(True)
        esp.restart("watchdog")
        assert safemode.reason() is None
        assert "network" in crashes.ended
    # Neither is it a sign of health.
    crash(esp)
    safemode.reason()
    for doing in (False, True, False):
        crashes.begin()
        watchdog.waiting(True)
        watchdog.waiting(doing)
        esp.restart("watchdog")
        found = safemode.reason()
    assert found


@on_board
def test_a_crash_that_lacks_memory_restarts_too(esp):
    def broken(*_):
        raise MemoryError

    for name in ("keep", "Counters"):
        kept = getattr(crashes, name)
        crashes.begin()
        setattr(crashes, name, broken)
        try:
            raises(Gone, crashes.crashed, MemoryError("allocating 4 bytes"))
        finally:
            setattr(crashes, name, kept)
        esp.restart("reset")
        assert safemode.reason() is None
    # They were counted all the same.
    crash(esp)
    assert safemode.reason()


@on_board
def test_a_good_run_forgets(esp):
    for _ in range(2):
        crash(esp)
        safemode.reason()
    crashes.healthy()
    for _ in range(2):
        crash(esp)
        assert safemode.reason() is None


@on_board
def test_what_clears_and_what_does_not(esp):
    # A deep sleep or a soft reset is no sign of health by itself; a person's reset, and the
    # power, are.
    for cause, clears in (
        ("power_on", True),
        ("reset", True),
        ("deep_sleep", False),
        ("soft_reset", False),
    ):
        esp.power_cut()
        for _ in range(2):
            crash(esp)
            assert safemode.reason() is None
        crashes.end()
        esp.restart(cause)
        assert safemode.reason() is None
        crash(esp)
        assert (safemode.reason() is None) == clears, cause


@on_board
def test_a_held_pin(esp):
    esp.drive(14, 0)
    assert "GPIO14" in safemode.reason() and "GND" in safemode.reason()
    esp.drive(14, 1)
    assert safemode.reason() is None


@on_board
def test_a_pin_that_nobody_can_hold_is_not_believed(esp):
    # In RTC memory: Pin() of a number that is none raises, and the app would never start again.
    for number in (200, 2):
        esp.drive(number, 0)
        esp.drive(14, 1)
        rtc.remember(rtc.HELD, bytes([number]))
        esp.wake(1000)
        assert safemode.reason() is None, number
        assert rtc.recall(rtc.HELD) == b"\x0e"


@on_board
def test_a_pin_that_something_else_drives_is_no_person(esp):
    # A motion sensor at rest, the camera of an ESP-EYE, a lamp's transistor: all may hold it low.
    def at(config, low):
        with open("config.json", "w") as file:
            file.write(config)
        for number in (0, 14):
            esp.levels[number] = int(number != low)
        return safemode.reason()

    home = os.getcwd()
    os.chdir(new_folder())
    try:
        esp_eye = '{"camera": {"board": "esp-eye"}}'
        sensor = '{"trigger": {"pir_pin": 14}}'
        assert at(esp_eye, 14) is None and at(sensor, 14) is None
        assert at('{"camera": {"light_pin": 14}}', 14) is None
        # Its BOOT button does; on an ESP32-CAM that is the camera's clock.
        assert "GPIO0" in at(esp_eye, 0)
        assert at(sensor, 0) is None and at("{}", 0) is None
        # Whatever is wrong with the file, the usual pin is looked at.
        wrong = ("{}", "", "[]", '{"camera": 5}', '{"camera": {"board": "x"}}', "\0", "[" * 9999)
        wrong += (
            '{"camera": {"board": ["x"]}}',
            sensor + "}",
            esp_eye[:-1],
            "9" * 9999,
            '{"a": }',
        )
        for config in wrong:
            assert "GPIO14" in at(config, 14), config[:50]
            with OldJson():
                assert "GPIO14" in at(config, 14), config[:50]
    finally:
        os.chdir(home)


@on_board
def test_a_board_that_wakes_looks_at_the_same_pin(esp):
    home = os.getcwd()
    os.chdir(new_folder())
    try:
        with open("config.json", "w") as file:
            file.write('{"camera": {"board": "esp-eye"}}')
        assert safemode.reason() is None
        os.remove("config.json")  # it is not read again
        esp.levels[14] = 0
        esp.wake(1000)
        assert safemode.reason() is None
        esp.levels[0] = 0
        esp.wake(1000)
        assert "GPIO0" in safemode.reason()
        esp.restart("reset")
        assert "GPIO14" in safemode.reason()
    finally:
        os.chdir(home)


@on_board
def test_works_on_a_computer(esp):
    chip.machine = None
    assert safemode.reason() is None
    for _ in range(4):
        crashes.crashed(ValueError("x"))
    crashes.healthy()


@on_board
def test_boot_lets_the_app_start(esp):
    assert run("boot.py")["SAFE_MODE"] is None


@on_board
def test_boot_says_why_not(esp):
    for _ in range(3):
        crash(esp)
        found = run("boot.py")["SAFE_MODE"]
    assert "3 starts" in found


def test_boot_never_raises():
    def broken(*_, **__):
        raise OSError(5)

    def no_rtc(esp):
        esp.machine.RTC = broken

    def no_pins(esp):
        esp.machine.Pin = broken

    def no_cause(esp):
        esp.machine.reset_cause = broken

    def rubbish(esp):
        esp.rtc = b"\xff" * 2048

    def no_watchdog(esp):
        watchdog.Watchdog(60)
        esp.restart("soft_reset")
        esp.machine.WDT = broken

    for breaks in (no_rtc, no_pins, no_cause, rubbish, no_watchdog):
        with Board() as esp:
            breaks(esp)
            found = run("boot.py")["SAFE_MODE"]
            if breaks is rubbish:
                assert found is None
            else:
                assert found.startswith("boot.py: "), found
    # Half a deploy: files are missing, or are none.
    kept = sys.modules["thingscam"]
    sys.modules["thingscam"] = Names()
    try:
        assert run("boot.py")["SAFE_MODE"].startswith("boot.py: ImportError")
    finally:
        sys.modules["thingscam"] = kept


def with_app(test):
    """Call `test(started)`, a list of the app's starts, with an app that only notes them."""
    started = []
    app = Names(main=lambda: started.append("app"))
    kept = (sys.modules.get("thingscam.app"), getattr(thingscam, "app", None))
    sys.modules["thingscam.app"] = thingscam.app = app
    try:
        test(started)
    finally:
        del sys.modules["thingscam.app"]
        del thingscam.app
        if kept[0] is not None:
            sys.modules["thingscam.app"], thingscam.app = kept


def test_main_starts_the_app():
    def test(started):
        run("main.py", SAFE_MODE=None)
        assert started == ["app"]
        run("main.py")  # by hand, with no boot.py before
        assert started == ["app"] * 2

    with_app(test)


def test_main_in_safe_mode_does_not():
    def test(started):
        run("main.py", SAFE_MODE="GPIO14 is held to GND")
        assert started == []

    with_app(test)


@on_board
def test_the_watchdog_bites_unless_fed(esp):
    dog = watchdog.Watchdog(60)
    for _ in range(10):
        esp.go(50000)
        assert not esp.starving
        dog.feed()
    esp.go(61000)
    assert esp.starving


@on_board
def test_no_watchdog(esp):
    dog = watchdog.Watchdog(0)
    dog.feed()
    dog.give_an_hour()
    assert esp.dog is None and esp.timers == {}
    esp.restart("soft_reset")
    watchdog.started()
    assert esp.dog is None


@on_board
def test_handed_over_it_waits_for_an_hour(esp):
    dog = watchdog.Watchdog(60)
    dog.give_an_hour()
    assert esp.timers == {}
    esp.go(3600000)
    assert not esp.starving
    esp.go(1)
    assert esp.starving


@on_board
def test_minded_over_a_soft_reset(esp):
    # It goes on over a soft reset: a person at the REPL is not to be bitten.
    watchdog.Watchdog(60)
    for _ in range(3):  # each session at the REPL begins with one
        esp.go(50000)
        esp.restart("soft_reset")
        run("boot.py")
        esp.go(3500000)
        assert not esp.starving
    esp.restart("soft_reset")
    run("boot.py")
    # The app takes it back: from now on only progress feeds it.
    dog = watchdog.Watchdog(60)
    esp.go(61000)
    assert esp.starving
    dog.feed()
    assert not esp.starving


@on_board
def test_switched_off_while_the_one_of_the_run_before_goes_on(esp):
    watchdog.Watchdog(60)
    esp.restart("soft_reset")
    run("boot.py")
    dog = watchdog.Watchdog(0)
    for _ in range(100):
        esp.go(86400000)
        assert not esp.starving
        dog.feed()
    dog.give_an_hour()
    assert esp.dog.timeout == 3600000
    # After safe mode, too, which has one in any case.
    esp.power_cut()
    for _ in range(3):
        crash(esp)
        run("boot.py")
    esp.restart("soft_reset")
    run("boot.py")
    dog = watchdog.Watchdog(0)
    esp.go(86400000)
    assert not esp.starving
    # A restart of the chip ends it.
    esp.restart("reset")
    run("boot.py")
    watchdog.Watchdog(0)
    esp.restart("soft_reset")
    run("boot.py")
    assert esp.dog is None


@on_board
def test_other_starts_have_no_watchdog_yet(esp):
    for cause in ("reset", "watchdog", "deep_sleep"):
        watchdog.Watchdog(60)
        esp.restart(cause)
        run("boot.py")
        assert esp.dog is None and esp.timers == {}, cause

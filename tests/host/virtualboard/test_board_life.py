# The virtual board's starts: resets, sleep, watchdog, power, and what outlives them.

import json
import re
import time

import pytest
import serial

from tests.support.board import children, execute, mpremote, running, until
from tools.virtualboard import profiles
from tools.virtualboard.board import VirtualBoard

REPORT = """
import machine
rtc = machine.RTC()
print("cause", machine.reset_cause(), "wake", machine.wake_reason(), "memory", rtc.memory())
"""
# In the order machine.reset_cause() counts.
PWRON, HARD, WDT, DEEPSLEEP, SOFT = 1, 2, 3, 4, 5


@pytest.fixture
def board():
    with running() as board:
        yield board


def causes(board):
    """What each start has printed, as (cause, wake, memory)."""
    found = re.findall(r"^cause (\d) wake (\d) memory (b.*)\n", board.output, re.MULTILINE)
    return [(int(cause), int(wake), memory) for cause, wake, memory in found]


def starts(board, count):
    until(lambda: len(causes(board)) >= count)
    return causes(board)


def test_each_reset_has_its_cause_and_keeps_the_rtc_memory():
    program = REPORT + (
        "if machine.reset_cause() == machine.PWRON_RESET:\n"
        "    rtc.memory(b'kept')\n"
        "    machine.reset()\n"
        "if machine.reset_cause() == machine.HARD_RESET:\n"
        "    machine.soft_reset()\n"
    )
    with running(program) as board:
        assert starts(board, 3) == [(PWRON, 0, "b''"), (HARD, 0, "b'kept'"), (SOFT, 0, "b'kept'")]
        board.cut_power()
        assert board.state()["power"] == "off"
        board.power_on()
        assert starts(board, 4)[3] == (PWRON, 0, "b''"), "a power cut forgets"


def test_deep_sleep_ends_by_time():
    program = REPORT + (
        "if machine.reset_cause() != machine.DEEPSLEEP_RESET:\n"
        "    rtc.memory(b'asleep')\n"
        "    machine.deepsleep(3600000)\n"
    )
    with running(program) as board:
        until(lambda: board.state()["power"] == "asleep")
        board.advance(3590)
        assert board.state()["power"] == "asleep"
        before = board.state()["board_ms"]
        board.advance(10)
        assert starts(board, 2)[1] == (DEEPSLEEP, 4, "b'asleep'")
        assert board.state()["board_ms"] >= before + 10000


@pytest.mark.parametrize("level", [1, 0])
def test_deep_sleep_ends_by_the_pin_of_ext0(level):
    program = (
        "import esp32\n"
        + REPORT
        + (
            "if machine.reset_cause() != machine.DEEPSLEEP_RESET:\n"
            "    esp32.wake_on_ext0(machine.Pin(13, machine.Pin.IN), level={})\n"
            "    machine.deepsleep()\n".format(level)
        )
    )
    with running(program) as board:
        board.pin(13, 1 - level)
        until(lambda: board.state()["power"] == "asleep" or len(causes(board)) == 2)
        if level:
            assert board.state()["power"] == "asleep"
        board.pin(13, level)
        assert starts(board, 2)[1] == (DEEPSLEEP, 2, "b''")


def test_deep_sleep_ends_by_one_of_the_pins_of_ext1():
    program = (
        "import esp32\n"
        + REPORT
        + (
            "if machine.reset_cause() != machine.DEEPSLEEP_RESET:\n"
            "    pins = (machine.Pin(14), machine.Pin(15))\n"
            "    esp32.wake_on_ext1(pins, esp32.WAKEUP_ANY_HIGH)\n"
            "    machine.deepsleep()\n"
        )
    )
    with running(program) as board:
        until(lambda: board.state()["power"] == "asleep")
        board.pin(15, 1)
        assert starts(board, 2)[1] == (DEEPSLEEP, 3, "b''")


def test_a_wake_pin_stays_armed_over_a_soft_reset():
    with running() as board:
        execute(board, "import esp32, machine; esp32.wake_on_ext0(machine.Pin(13), 1)")
        execute(board, "print('a soft reset is before this')")
        with serial.Serial(board.port) as port:
            port.write(b"import machine; machine.deepsleep()\r")
            until(lambda: board.state()["power"] == "asleep")
        board.pin(13, 1)
        until(lambda: board.state()["wake_reason"] == 2)
        text = "import machine; print(machine.reset_cause(), machine.wake_reason())"
        assert execute(board, text) == "5 2\n"


def test_a_wake_pin_that_stays_high_wakes_again_at_once():
    program = (
        "import esp32\n"
        + REPORT
        + ("esp32.wake_on_ext0(machine.Pin(13, machine.Pin.IN), 1)\nmachine.deepsleep()\n")
    )
    with running(program) as board:
        until(lambda: board.state()["power"] == "asleep")
        board.pin(13, 1)
        starts(board, 4)


def test_a_pin_that_gets_a_handler_or_none_wakes_no_more():
    program = (
        "import esp32, machine\n"
        "pin = machine.Pin(13, machine.Pin.IN)\n"
        "if machine.reset_cause() == machine.DEEPSLEEP_RESET:\n"
        "    print('woken by', machine.wake_reason())\n"
        "else:\n"
        "    pin.irq(trigger=pin.WAKE_HIGH, wake=machine.DEEPSLEEP)\n"
        "    pin.irq()\n"
        "{}"
        "    machine.deepsleep(2000)\n"
    )
    for line, reason in (("", 2), ("    pin.irq(None)\n", 4)):
        with running(program.format(line)) as board:
            until(lambda board=board: board.state()["power"] == "asleep")
            board.pin(13, 1)
            board.wait_for("woken by {}".format(reason))


def test_arguments_of_a_wake_up_that_are_not_there_leave_what_was_set():
    text = (
        "import esp32, machine\n"
        "try:\n    esp32.wake_on_ext0()\nexcept ValueError as e:\n    print(e)\n"
        "esp32.wake_on_ext1((14, 15), True)\n"
        "esp32.wake_on_ext1(None)\n"
        "esp32.wake_on_ext0(13, level=True)\n"
        "esp32.wake_on_ext0(level=False)\n"
        "esp32.wake_on_ext0(level=True)\n"
    )
    with running() as board:
        assert execute(board, text) == "invalid pin\n"
        for number, reason in ((13, 2), (15, 3)):
            with serial.Serial(board.port) as port:
                port.write(b"import machine; machine.deepsleep()\r")
                until(lambda: board.state()["power"] == "asleep")
            board.pin(number, 1)
            until(lambda reason=reason: board.state()["wake_reason"] == reason)
            board.pin(number, 0)
            execute(board, "import esp32; esp32.wake_on_ext1((14, 15), True)")
            assert execute(board, "import esp32; esp32.wake_on_ext1(())") == ""
            execute(board, "import esp32; esp32.wake_on_ext1((14, 15), True)")


@pytest.mark.parametrize("version, power", [("1.21", "asleep"), ("1.27", "running")])
def test_a_deep_sleep_of_no_time_is_over_at_once_since_1_22(version, power):
    program = (
        "import machine\n"
        "if machine.reset_cause() != machine.DEEPSLEEP_RESET:\n"
        "    machine.deepsleep(0)\n"
        "print('woken')\n"
    )
    with running(program, micropython=version) as board:
        if power == "running":
            board.wait_for("woken")
        else:
            until(lambda: board.state()["power"] == "asleep")
            assert "woken" not in board.output


def test_only_rtc_pins_can_wake():
    with running() as board:
        text = "import esp32, machine; esp32.wake_on_ext0(machine.Pin(16), 1)"
        assert "ValueError" in mpremote(board, "exec", text, check=False)


def test_the_watchdog_resets_who_does_not_feed_it():
    program = REPORT + (
        "import time\n"
        "if machine.reset_cause() == machine.PWRON_RESET:\n"
        "    rtc.memory(b'fed')\n"
        "    wdt = machine.WDT(timeout=400)\n"
        "    for _ in range(30):\n"
        "        time.sleep_ms(40)\n"
        "        wdt.feed()\n"
        "    print('hangs')\n"
        "    while True: pass\n"
    )
    with running(program) as board:
        board.wait_for("hangs")
        assert starts(board, 2)[1] == (WDT, 0, "b'fed'")
        assert "Task watchdog got triggered" in board.output


def test_the_watchdog_outlives_a_soft_reset_but_no_jump_of_time():
    program = REPORT + (
        "if machine.reset_cause() == machine.PWRON_RESET:\n    wdt = machine.WDT(timeout=1500)\n"
    )
    with running(program) as board:
        board.wait_for(">>> ")
        board.advance(3600)
        assert execute(board, "print('lives')") == "lives\n"
        assert starts(board, 2)[1][0] == WDT


@pytest.mark.parametrize("mode", ["PERIODIC", "ONE_SHOT"])
def test_a_timer_that_feeds_the_watchdog_does_so_at_the_prompt_too(mode):
    program = REPORT + (
        "wdt = machine.WDT(timeout=400)\n"
        "machine.Timer(1).init(mode=machine.Timer.{}, period=100,"
        " callback=lambda t: wdt.feed())\n"
    ).format(mode)
    with running(program, speed=20) as board:
        board.wait_for(">>> ")
        if mode == "ONE_SHOT":
            starts(board, 2)
            return
        until(lambda: board.board_ms > 4000)
        assert len(causes(board)) == 1
        # A program that keeps interrupts out for too long is one that hangs.
        with serial.Serial(board.port) as port:
            port.write(b"while True: pass\r\r")
            assert starts(board, 2)[1][0] == WDT


def test_a_timer_that_is_not_set():
    text = (
        "import machine, time\n"
        "timer = machine.Timer(0)\n"
        "def value():\n"
        "    try:\n"
        "        print(timer.value() >= 0)\n"
        "    except ValueError as e:\n"
        "        print(e)\n"
        "value()\n"
        "timer.init(mode=timer.ONE_SHOT, period=1)\n"
        "value()\n"
        "time.sleep_ms(100)\n"
        "timer.deinit()\n"
        "value()\n"
    )
    with running() as board:
        printed = mpremote(board, "exec", text)
    assert "TypeError" in printed
    lines = [line.strip() for line in printed.splitlines()]
    assert [line for line in lines if line in ("timer not set", "True")] == [
        "timer not set",
        "True",
        "timer not set",
    ]


def test_timers_and_pins_interrupt_a_sleep():
    program = (
        "import machine, time\n"
        "pin = machine.Pin(13, machine.Pin.IN)\n"
        "pin.irq(lambda p: print('pin', p.value()), machine.Pin.IRQ_RISING)\n"
        "machine.Timer(0).init(mode=machine.Timer.ONE_SHOT, period=10000,"
        " callback=lambda t: print('one-shot'))\n"
        "machine.Timer(1).init(period=4000, callback=lambda t: print('round'))\n"
        "print('ready')\n"
        "time.sleep(20)\n"
        "print('awake')\n"
    )
    with running(program) as board:
        board.wait_for("ready")
        board.pin(13, 1)
        board.wait_for("pin 1")
        board.pin(13, 0)
        board.advance(4)
        board.wait_for("round")
        board.advance(7)
        board.wait_for("one-shot")
        assert "awake" not in board.output
        board.set_speed(100)
        board.wait_for("awake")
        assert board.output.count("one-shot") == 1
        assert board.output.count("pin") == 1


def test_an_error_in_a_handler_is_printed_and_the_program_goes_on():
    program = (
        "import machine, time\n"
        "machine.Pin(13).irq(lambda p: 1 / 0, machine.Pin.IRQ_RISING)\n"
        "print('ready')\n"
        "time.sleep(0.3)\n"
        "print('went on')\n"
    )
    with running(program) as board:
        board.wait_for("ready")
        board.pin(13, 1)
        board.wait_for("went on")
        assert "ZeroDivisionError" in board.output


def test_what_programs_drive_can_be_seen():
    program = "from machine import Pin\nPin(33, Pin.OUT, value=0)\nPin(4, Pin.OUT).on()\n"
    with running(program) as board:
        board.wait_for(">>> ")
        state = board.state()
        assert state["driven"] == {"4": 1, "33": 0}
        assert state["led"] is True, "the AI-Thinker's LED lights when low"
        mpremote(board, "exec", "import machine; machine.Pin(33).on()")
        assert board.state()["led"] is False
        json.dumps(state)
        mpremote(board, "exec", "import machine; machine.Pin(33, machine.Pin.IN)")
        assert board.state()["driven"] == {"4": 1}, "an input is not driven"


def test_a_listener_hears_all_and_its_mistakes_stop_nothing(capsys):
    heard = []
    with running("import time\nfor i in range(3):\n print(i)\n time.sleep(.2)\n") as board:
        board.on_output(lambda text: 1 / 0)
        end = board.on_output(heard.append)
        execute(board, "print('while the port is open')")
        end()
        execute(board, "print('after')")
        assert "while the port is open" in "".join(heard)
        assert "after" not in "".join(heard)
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_signal_may_be_on_when_its_pin_is_low(board):
    text = (
        "from machine import Pin, Signal\n"
        "led = Signal(Pin(33, Pin.OUT), invert=True)\n"
        "led.on()\n"
        "print(led.value())\n"
    )
    assert execute(board, text) == "1\n"
    assert board.state()["led"] is True


def test_a_pin_that_is_held_keeps_its_level_in_deep_sleep_until_it_is_let_go():
    program = (
        "import machine\n"
        "from machine import Pin\n"
        "if machine.reset_cause() == machine.PWRON_RESET:\n"
        "    Pin(32, Pin.OUT, value=1, hold=True)\n"
        "    Pin(21, Pin.OUT, value=1, hold=True)\n"  # no RTC pin
        "    Pin(4, Pin.OUT, value=1)\n"
        "    machine.deepsleep(3600000)\n"
        "Pin(32, Pin.OUT, value=0)\n"
    )
    with running(program) as board:
        until(lambda: board.state()["power"] == "asleep")
        assert board.state()["driven"] == {"32": 1}
        board.advance(3600)
        board.wait_for(">>> ")
        assert board.state()["driven"] == {"32": 1}
        mpremote(board, "resume", "exec", "Pin(32, Pin.OUT, value=0, hold=False)")
        assert board.state()["driven"] == {"32": 0}


def test_a_pin_that_is_none_of_rtcs_is_held_until_the_next_sleep():
    with running() as board:
        execute(board, "from machine import Pin; Pin(21, Pin.OUT, value=1, hold=True).off()")
        assert board.state()["driven"] == {"21": 1}
        execute(board, "from machine import Pin; Pin(21, Pin.OUT, value=0, hold=False)")
        assert board.state()["driven"] == {"21": 0}


def test_a_camera_whose_power_is_held_off_does_not_start():
    text = (
        "from machine import Pin\n"
        "from camera import Camera, PixelFormat\n"
        "def start():\n"
        "    try:\n"
        "        Camera(pixel_format=PixelFormat.JPEG).deinit()\n"
        "        print('starts')\n"
        "    except OSError:\n"
        "        print('does not')\n"
        "Pin(32, Pin.OUT, value=1, hold=True)\n"
        "start()\n"
        "Pin(32, Pin.OUT, hold=False)\n"
        "start()\n"
    )
    with running() as board:
        assert execute(board, text) == "does not\nstarts\n"


def test_ticks_go_on_over_a_soft_reset_only():
    with running("import time\nprint('ticks', time.ticks_ms())\n") as board:
        board.wait_for(">>> ")
        board.advance(1000)
        board.press_reset()
        board.wait_for(">>> ", count=2)
        assert int(board.output.split("ticks")[2].split()[0]) < 10000
        board.advance(1000)
        assert int(execute(board, "import time; print(time.ticks_ms())")) >= 1000000


def test_the_clock_is_wrong_until_ntp_and_goes_on_in_deep_sleep():
    program = (
        "import machine, ntptime, network, time\n"
        "print('year', time.gmtime()[0])\n"
        "wlan = network.WLAN(network.STA_IF)\n"
        "wlan.active(True)\n"
        "wlan.connect('net', 'secret')\n"
        "while not wlan.isconnected():\n"
        "    time.sleep_ms(100)\n"
        "ntptime.settime()\n"
        "print('set', time.time())\n"
        "machine.deepsleep(100000)\n"
    )
    with running(program, speed=20) as board:
        board.network("net", "secret")
        until(lambda: board.state()["power"] == "asleep")
        board.advance(99)
        until(lambda: board.output.count("set ") == 2 and board.state()["power"] == "asleep")
        assert board.output.count("year 2000") == 1, "the first time only"
        first, second = (int(part.split()[0]) for part in board.output.split("set ")[1:3])
        assert 100 <= second - first < 200
        assert abs(second - board.state()["world_ms"] // 1000) < 100


def test_a_crash_of_the_interpreter_is_a_panic():
    with running("print('up')\n") as board:
        board.wait_for("up")
        with serial.Serial(board.port) as port:
            port.write(b"import uctypes; uctypes.bytearray_at(8, 8)[0]\r")
        board.wait_for("Guru Meditation")
        board.wait_for("up", count=2)


def test_boot_py_that_fails_keeps_main_py_from_running():
    with running("print('main')\n", files={"boot.py": "1 / 0\n"}) as board:
        board.wait_for(">>> ")
        assert "ZeroDivisionError" in board.output
        assert 'File "boot.py", line 1' in board.output
        assert "_boot" not in board.output
        assert "main\n" not in board.output


def test_the_flash_is_kept_by_a_file_and_torn_by_nothing_but_power(tmp_path):
    image = tmp_path / "flash.img"
    program = (
        "n = 0\n"
        "while True:\n"
        "    with open('count.new', 'w') as f:\n"
        "        f.write(str(n))\n"
        "    import os\n"
        "    os.rename('count.new', 'count')\n"
        "    print('wrote', n)\n"
        "    n += 1\n"
    )
    with running(program, image=image) as board:
        for cut in range(4):
            board.wait_for("wrote 5", count=cut + 1)
            board.cut_power()
            assert int(board.files()["count"]) >= 5, "littlefs renames at once or not at all"
            board.power_on()
    with running("never copied", image=image) as board:
        board.wait_for("wrote 5")


def test_one_flash_is_for_one_board(tmp_path):
    image = tmp_path / "flash.img"
    with running(image=image), pytest.raises(ValueError, match="in use"):
        VirtualBoard({}, image=image)


def test_a_board_that_was_stopped_does_nothing_more():
    board = VirtualBoard({})
    board.stop()
    with running() as board:
        pass
    board.power_on()
    board.pin(13, 1)
    board.advance(1)
    board.stop()
    assert board.state()["power"] == "off"
    assert not children()


def test_an_empty_flash_is_formatted(tmp_path):
    image = tmp_path / "flash.img"
    image.write_bytes(b"\xff" * 1048576)
    with running(image=image) as board:
        board.wait_for(">>> ")
        assert "Performing initial setup" in board.output
        assert execute(board, "import os; print(os.listdir())") == "['boot.py']\n"


def test_a_damaged_flash_is_not_formatted(tmp_path):
    image = tmp_path / "flash.img"
    with running("print('up')\n", image=image) as board:
        board.wait_for("up\n")
        board.cut_power()
        data = bytearray(image.read_bytes())
        data[:8192] = bytes(8192)  # both copies of littlefs' superblock
        image.write_bytes(data)
        board.power_on()
        board.wait_for("The filesystem appears to be corrupted.")
        assert image.read_bytes() == data
        assert board.output.count("up\n") == 1


def test_the_heap_is_bounded():
    hungry = "try:\n    bytearray({})\n    print('fits')\nexcept MemoryError:\n    print('full')\n"
    with running(profile="ttgo-t-journal") as board:
        assert execute(board, hungry.format(100 * 1024)) == "fits\n"
        assert execute(board, hungry.format(600 * 1024)) == "full\n"
    with running() as board:
        assert execute(board, hungry.format(4 * 1024 * 1024)) == "fits\n"
        assert execute(board, hungry.format(16 * 1024 * 1024)) == "full\n"


def test_the_program_cannot_tell_where_it_runs():
    text = (
        "import sys, os, time, machine, esp32\n"
        "print(sys.platform, sys.implementation._machine, os.uname()[0])\n"
        "print(os.listdir('/'), sys.path, isinstance(time.time(), int))\n"
        "for name in ('system', 'getenv', 'VfsPosix'):\n"
        "    assert not hasattr(os, name), name\n"
        "print(len(machine.unique_id()))\n"
    )
    with running(profile="xiao-esp32s3-sense") as board:
        assert execute(board, text).splitlines() == [
            "esp32 Generic ESP32S3 module with Octal-SPIRAM with ESP32S3 esp32",
            "['boot.py', 'main.py'] ['', '.frozen', '/lib'] True",
            "6",
        ]


@pytest.mark.parametrize("name, version", profiles.MICROPYTHONS.items())
def test_the_version_of_micropython_can_be_chosen(name, version):
    text = (
        "import sys, os\n"
        "found = sys.implementation\n"
        "print(found.version[:2], len(found.version), hasattr(found, '_thread'))\n"
        "print(os.uname().release)\n"
    )
    with running(micropython=name) as board:
        printed = execute(board, text).splitlines()
    parts = 3 if version < (1, 22) else 4
    assert printed[0] == "{} {} {}".format(version, parts, version >= (1, 26))
    patch = 1 if name == "1.24" else 0  # 1.24.0 takes no SD card
    assert printed[1].startswith("{}.{}.{}".format(*version, patch))


def test_what_is_there_by_chip_and_by_version():
    text = (
        "import sys, esp32, machine, network\n"
        "print(hasattr(esp32, 'raw_temperature'), hasattr(esp32, 'mcu_temperature'))\n"
        "print(machine.freq(), network.hostname(), hasattr(network.WLAN, 'IF_STA'))\n"
        "print(getattr(sys.implementation, '_build', None))\n"
    )
    for profile, version, wanted in (
        ("ai-thinker", "1.22", "True False 160000000 mpy-esp32 False None"),
        ("ai-thinker", "1.27", "True False 160000000 mpy-esp32 True ESP32_GENERIC-SPIRAM"),
        ("xiao-esp32s3-sense", "1.22", "False False 240000000 mpy-esp32s3 False None"),
        (
            "xiao-esp32s3-sense",
            "1.27",
            "False True 240000000 mpy-esp32s3 True ESP32_GENERIC_S3-SPIRAM_OCT",
        ),
    ):
        with running(profile=profile, micropython=version) as board:
            assert execute(board, text).split() == wanted.split()


def test_what_is_in_cs_own_memory_outlives_a_soft_reset():
    setting = (
        "import machine, network\n"
        "machine.freq(80000000)\n"
        "network.hostname('porch')\n"
        "network.WLAN().config(pm=0)\n"
        "for wrong in (lambda: machine.freq(100000000), lambda: network.hostname('x' * 33)):\n"
        "    try:\n        wrong()\n    except ValueError:\n        print('refused')\n"
        "try:\n    network.WLAN().config(ssid='x')\nexcept OSError as e:\n    print(e)\n"
    )
    look = "import machine, network\n"
    look += "print(machine.freq(), network.hostname(), network.WLAN().config('pm'))\n"
    with running() as board:
        assert execute(board, setting) == "refused\nrefused\nAP required\n"
        assert execute(board, look) == "80000000 porch 0\n"
        board.press_reset()
        assert execute(board, look) == "160000000 mpy-esp32 1\n"


@pytest.mark.parametrize("version, hour", [("1.24", 5), ("1.27", 4)])
def test_rtc_init_has_no_place_for_the_weekday_since_1_25(version, hour):
    text = "import machine; rtc = machine.RTC(); rtc.init((2026, 7, 3, 4, 5, 6, 7, 0))\n"
    text += "print('hour', rtc.datetime()[4])"
    with running(micropython=version) as board:
        assert execute(board, text) == "hour {}\n".format(hour)


@pytest.mark.parametrize(
    "version, seen",
    [
        ("1.24", "True None"),
        ("1.27", "invalid Timer number invalid Timer number"),
        ("head", "False Timer(4) doesn't exist, there are only 4 hardware timers"),
    ],
)
def test_which_timers_there_are_depends_on_the_version(version, seen):
    text = (
        "from machine import Timer\n"
        "for look in (lambda: Timer(-1) is Timer(3), lambda: Timer(4) and None):\n"
        "    try:\n        print(look(), end=' ')\n    except ValueError as e:\n"
        "        print(e, end=' ')\n"
    )
    with running(micropython=version) as board:
        assert execute(board, text).strip() == seen


def test_a_version_that_is_not_played_is_refused():
    with pytest.raises(ValueError, match=r"no MicroPython 1\.2 .*1\.21, 1\.22, .*head"):
        VirtualBoard({}, micropython="1.2")


def test_json_cut_short_is_whole_before_1_26():
    cut = "import json\nfor text in ('{\"a\": 1', '[1, 2', '{', '[[1]', '[[1', '{\"a', 'x'):\n"
    cut += "    try:\n        print('json', json.loads(text))\n"
    cut += "    except ValueError:\n        print('json', 'refused')\n"
    for version, read in (("1.24", ["{'a': 1}", "[1, 2]", "{}", "[[1]]"]), ("1.27", [])):
        with running(cut, micropython=version) as board:
            wanted = read + ["refused"] * (7 - len(read))
            until(lambda board=board: board.output.count("json ") == 7)
            assert re.findall(r"^json (.*?)\r?$", board.output, re.M) == wanted


def test_a_pull_stays_until_it_is_taken_off():
    look = "import machine\nPin = machine.Pin\nprint('pull', Pin(13, Pin.IN{}).value())\n"
    with running(look.format(", Pin.PULL_UP") + look.format("")) as board:
        until(lambda: board.output.count("pull ") == 2)
        assert "pull 0" not in board.output
        assert "pull 1" in execute(board, look.format("")), "over a soft reset too"
        assert "pull 0" in execute(board, look.format(", None"))


def test_with_psram_its_pins_cannot_be_had():
    look = "import machine\ntry:\n    print(machine.Pin({}))\n"
    look += "except ValueError as e:\n    print(e)\n"
    for profile, number, seen in (
        ("ai-thinker", 16, "invalid pin"),
        ("ttgo-t-journal", 16, "Pin(16)"),
        ("xiao-esp32s3-sense", 35, "invalid pin"),
        ("ai-thinker", 24, "invalid pin"),
    ):
        with running(look.format(number), profile=profile) as board:
            until(lambda board=board, seen=seen: seen in board.output)


TIMERS = (
    "import machine, time\n"
    "def init(number, times):\n"
    "    timer = machine.Timer(number)\n"
    "    for _ in range(times):\n"
    "        timer.init(mode=timer.ONE_SHOT, period=1000)\n"
    "def ticking():\n"
    "    before = time.ticks_us()\n"
    "    for _ in range(20000): pass\n"
    "    return time.ticks_us() != before\n"
)


def test_timers_that_are_initialised_too_often_stop_the_clock():
    # Timers 0 and 2 count as one, over soft resets too; 1 and 3 carry nothing that is missed.
    with running() as board:
        board.wait_for(">>> ")
        execute(board, TIMERS + "init(1, 300)\ninit(0, 200)\nassert ticking()")
        assert board.state()["ticks_stopped"] is False
        run = TIMERS + "init(2, {})\nprint(ticking())\n"
        assert execute(board, run.format(53)) == "True\n"
        assert execute(board, run.format(1)) == "False\n"
        assert board.state()["ticks_stopped"] is True
        assert execute(board, TIMERS + "print(ticking())\n") == "False\n"
        board.press_reset()
        board.wait_for(">>> ")
        assert execute(board, TIMERS + "print(ticking())\n") == "True\n"


@pytest.mark.parametrize("version", ["1.24", "head"])
def test_versions_that_give_the_timers_clock_back(version):
    with running(micropython=version) as board:
        assert execute(board, TIMERS + "init(0, 300)\nprint(ticking())") == "True\n"


def test_on_an_s3_timers_end_the_watchdog_alone():
    text = TIMERS + "wdt = machine.WDT(timeout=30000)\ninit(0, {})\nprint(ticking())\n"
    for times, bites in ((254, True), (255, False)):
        with running(profile="xiao-esp32s3-sense") as board:
            assert execute(board, text.format(times)) == "True\n"
            board.set_speed(100)
            end = board.state()["board_ms"] + 31000
            until(lambda end=end, board=board: board.board_ms > end)
            assert (board.state()["reset_cause"] == WDT) == bites


def test_a_watchdog_set_anew_waits_so_much_longer():
    program = REPORT + "machine.WDT(timeout=300)\nmachine.WDT(timeout=3600000)\n"
    with running(program) as board:
        until(lambda: board.board_ms > 1500)
        assert len(causes(board)) == 1


def test_a_panic_looks_like_a_reset_by_the_program():
    with running(REPORT + "rtc.memory(b'kept')\n") as board:
        board.wait_for(">>> ")
        board.panic()
        assert starts(board, 2)[1] == (HARD, 0, "b'kept'")
        assert "Guru Meditation" in board.output


def test_behind_a_panic_a_program_says_nothing():
    with running("while True:\n    print('on')\n") as board:
        board.wait_for("on")
        board.on_output(lambda text: time.sleep(0.1) if "Guru" in text else None)
        board.panic()
        board.wait_for("ets Jul", count=2)
        assert re.findall(r"unhandled\.\s+(\w+)", board.output) == ["ets"]


def test_before_1_22_rtc_memory_is_kept_over_deep_sleep_only():
    program = REPORT + (
        "if not rtc.memory():\n"
        "    rtc.memory(b'kept')\n"
        "    machine.deepsleep(10)\n"
        "machine.reset()\n"
    )
    with running(program, micropython="1.21") as board:
        assert [memory for _, _, memory in starts(board, 3)] == ["b''", "b'kept'", "b''"]


def test_a_clock_that_is_fast_in_deep_sleep_wakes_early_and_tells_too_much():
    program = "import machine, time\nprint('ms', time.time_ns() // 1000000, 'end')\n"
    with running(program + "machine.deepsleep(10000)\n") as board:
        board.clock_fast(0.05)
        until(lambda: board.state()["power"] == "asleep")
        board.advance(9.2)
        assert board.state()["power"] == "asleep"
        board.advance(0.4)
        board.wait_for("end", count=2)
        first, second = (int(part.split()[0]) for part in board.output.split("ms ")[1:3])
        assert second - first >= 10000


def test_after_a_panic_the_clock_jumps_by_what_it_was_fast():
    program = "import time\nprint('s', time.time())\n"
    with running(program) as board:
        board.wait_for(">>> ")
        board.clock_fast(0.05)
        board.advance(1000)
        board.panic()
        board.wait_for(">>> ", count=2)
        assert int(board.output.split("s ")[-1].split()[0]) >= 1050

# Programs that hang or crash: the board starts again, and a person always gets in.

from tests.support.board import mpremote, until
from tests.support.site import PATIENCE, START, USUAL, is_as_seen, site
from tools.host import filesystem

_LIB = filesystem.firmware_files()

# Hangs, as long as there is a file of that name, the first time a picture is to be stamped.
HANGS = """
import os
_real = segment
def segment(*arguments):
    try:
        os.remove("hang")
    except OSError:
        return _real(*arguments)
    while True:
        pass
"""
CRASHES = """
def _broken(self, *state):
    raise KeyError("broken")
Status.show = _broken
"""


def changed(name, more):
    return {name: _LIB[name].decode() + more}


def test_a_hang_ends_in_a_reset_and_costs_no_picture(tmp_path):
    files = changed("lib/thingscam/image/exif.py", HANGS) | {"hang": ""}
    with site(tmp_path, files=files, **USUAL) as place:
        place.wait_for("INFO clock set")
        place.photographed()
        until(lambda: "hang" not in place.board.files(), PATIENCE)
        begin = place.now()
        place.board.set_speed(30)
        place.wait_for(START + "watchdog, 1 waiting")
        assert 45 <= place.now() - begin <= 120
        place.board.set_speed(10)
        (picture,) = place.wait_for_pictures(1)
        assert is_as_seen(picture)
        place.wait_for("INFO upload")
        status = place.status()
        assert (status["watchdog"], status["power_on"]) == (1, 1)
        assert (status["captured"], status["sent"], status["waiting"]) == (1, 1, 0)


def test_crashes_in_a_row_end_at_the_repl_and_a_deployment_mends_it(tmp_path):
    files = changed("lib/thingscam/status.py", CRASHES)
    with site(tmp_path, files=files, starts=False) as place:
        place.board.set_speed(20)
        place.wait_for("SAFE MODE: 3 starts in a row ended in a crash or by the watchdog")
        assert place.board.output.count("ERROR crashed, KeyError: broken") == 3
        assert place.board.output.count("restarting in 3 s, Ctrl-C prevents it") == 3
        assert place.board.output.count("INFO start: ") == 3
        starts = place.board.state()["starts"]
        place.let_pass(200)
        assert place.board.state()["starts"] == starts, "it stays there"
        # The ring file tells it to who comes later.
        assert place.tools("logs", "--kept").count("ERROR crashed, KeyError: broken") >= 3
        config = tmp_path / "config.json"
        config.write_text(place.config())
        count = place.board.output.count("INFO clock set")
        assert "1 of " in place.tools("deploy", "--config", config)
        place.wait_for("INFO clock set", count + 1)
        place.photographed()
        place.wait_for_pictures(1)


def test_three_panics_in_a_row_end_in_safe_mode_for_an_hour(tmp_path):
    with site(tmp_path) as place:
        for count in range(3):
            place.wait_for("INFO start: ", count + 1)
            if count:
                place.wait_for("WARNING the last run ended in a panic", count)
            place.board.panic()
        place.wait_for("SAFE MODE: 3 starts in a row ended in a crash or by the watchdog")
        place.wait_for(">>> ")
        starts = place.board.state()["starts"]
        place.let_pass(3500, speed=1000)
        assert place.board.state()["starts"] == starts, "it stays there"
        place.wait_for(START + "watchdog")
        place.photographed()
        place.wait_for_pictures(1)


def test_few_timers_are_started_however_often_the_app_stops(tmp_path):
    text = "from thingscam.safemode import stopped\nfor _ in range(50): stopped(ValueError('no'))"
    with site(tmp_path) as place:
        place.wait_for("INFO start: ")
        for _ in range(6):
            mpremote(place.board, "exec", text)
        state = place.board.state()
        assert 1 <= state["timer_starts"] <= 8 and not state["ticks_stopped"]


def test_a_person_may_restart_a_board_as_often_as_they_like(tmp_path):
    # mpremote makes a soft reset, then the chip restarts; the app ran before, as in a panic.
    with site(tmp_path) as place:
        for count in range(4):
            place.wait_for("INFO start: ", count + 1)
            mpremote(place.board, "reset")
        place.wait_for(START + "reset", 4)
        assert "WARNING" not in place.board.output and "SAFE MODE" not in place.board.output


def test_one_crash_restarts_it_and_it_goes_on(tmp_path):
    once = CRASHES.replace("    raise", "    import os\n    os.remove('once')\n    raise")
    once += "import os\ntry:\n    os.stat('once')\nexcept OSError:\n    Status.show = _show\n"
    once = "\n_show = Status.show\n" + once
    files = changed("lib/thingscam/status.py", once) | {"once": ""}
    with site(tmp_path, files=files) as place:
        place.wait_for("restarting in 3 s")
        place.wait_for(START + "reset")
        place.photographed()
        place.wait_for_pictures(1)
        assert place.status()["crash"] == 1


def test_a_held_pin_ends_at_the_repl(tmp_path):
    with site(tmp_path) as place:
        place.board.pin(14, 0)
        place.board.press_reset()
        place.wait_for("SAFE MODE: GPIO14 is held to GND")
        place.wait_for(">>> ")
        assert mpremote(place.board, "exec", "print(6 * 7)") == "42\n"
        place.board.pin(14, None)
        place.board.press_reset()
        place.wait_for("INFO start: ", 2)


def test_a_broken_lib_still_lets_mpremote_in_and_a_deployment_mends_it(tmp_path):
    for name in ("lib/thingscam/board/chip.py", "lib/thingscam/safemode.py"):
        with site(tmp_path, files={name: "def broken(:\n"}, starts=False) as place:
            place.wait_for("SAFE MODE: boot.py: SyntaxError")
            place.wait_for(">>> ")
            config = tmp_path / "config.json"
            config.write_text(place.config())
            assert "1 of " in place.tools("deploy", "--config", config)
            place.wait_for("INFO start: ")


def test_a_lib_that_cannot_be_imported_by_the_app_still_lets_mpremote_in(tmp_path):
    files = {"lib/thingscam/board/wifi.py": "import nothing_of_that_name\n"}
    with site(tmp_path, files=files, starts=False) as place:
        place.wait_for("nothing_of_that_name")
        place.wait_for(">>> ")
        config = tmp_path / "config.json"
        config.write_text(place.config())
        place.tools("deploy", "--config", config)
        place.wait_for("INFO start: ")


def test_a_wrong_configuration_is_said_in_a_line_and_the_board_stays_reachable(tmp_path):
    with site(tmp_path, camera={"board": "espeye"}, starts=False) as place:
        place.wait_for(
            'STOPPED config.json: camera.board: no known board "espeye", perhaps esp-eye?'
        )
        place.let_pass(620)  # setup by telephone, that nobody uses
        place.wait_for(">>> ")
        starts = place.board.state()["starts"]
        place.let_pass(200)
        assert place.board.state()["starts"] == starts, "no restart for ever"
        config = tmp_path / "config.json"
        config.write_text(place.config())
        assert "1 of " in place.tools("deploy", "--config", config)
        place.wait_for("INFO start: ")

# What is up for seconds only is caught; and what is stopped is let finish, and finds no fault.

import json
import time

from tests.support.board import CONFIG
from thingscam.board import profiles
from tools.cli.doctor import steps
from tools.host import boardlink, filesystem
from tools.virtualboard.board import VirtualBoard

PASSWORD = CONFIG["wifi"][0]["password"]
SLEEPER = CONFIG | {
    "power": {"mode": "deepsleep"},
    "trigger": {"pir_pin": None, "every_s": 20},
}


def test_a_deep_sleeper_is_caught_and_its_camera_is_not_blamed():
    files = filesystem.firmware_files(compiled=True) | {"config.json": json.dumps(SLEEPER)}
    with VirtualBoard(files, speed=4) as board:
        # Asleep for 0.1 s, and soon to wake: three seconds of its time are less than one here.
        for asleep, later in ((1, 0.1), (3, 2)):
            board.wait_for("INFO asleep", count=asleep)
            time.sleep(later)
            with boardlink.Board(board.port, 20) as link:
                found = {result.step: result for result in steps.examine(link, upload=False)}
                assert found["camera"].ok and found["wifi"].ok, found
    pins = profiles.find("ai-thinker").pins
    assert pins[14] == 32  # there is one to be held


def test_what_is_stopped_may_finish_in_silence():
    # As the app, which has a picture to write: a second Ctrl-C in it would cost that one.
    main = (
        "import time\n"
        "try:\n print('runs')\n while True:\n  time.sleep(0.01)\n"
        "except KeyboardInterrupt:\n time.sleep(0.8)\n print('saved')\n"
    )
    with VirtualBoard({"boot.py": "", "main.py": main}) as board:
        board.wait_for("runs")
        with boardlink.Board(board.port, 5) as link:
            assert link.exec("print(1)") == "1\n"
        assert "saved" in board.output

# A camera that reports: on the real MicroPython, over TLS, beside its pictures.

import json

from tests.support.site import SAME, gaps, is_as_seen, site


def test_a_camera_tells_how_it_is_and_what_is_wrong(tmp_path):
    sections = {
        "cloud": {"device_endpoint": SAME},
        "report": {"every_s": 600},
        "trigger": {"cooldown_s": 1},
    }
    with site(tmp_path, tls=True, **sections) as place:
        place.wait_for("INFO report sent")
        place.move()  # connected or not: the picture is kept, or sent from memory
        place.wait_for_pictures(1)
        place.fault(errcode=1470)
        place.move()
        place.wait_for("INFO event stopped sent")
        place.board.advance(600)
        place.wait_for("INFO report sent", 2)
        assert all(map(is_as_seen, place.wait_for_pictures(2)))
        assert min(gaps(place.requests())) >= 10
        messages = place.messages()
        report, later = [body for kind, body in messages if kind == "report"][:2]
        event = next(body for kind, body in messages if kind == "event")
        assert event["method"] == "stopped"
        assert "check cloud.identifier" in event["params"]["what"]
        assert report["sent"] == 0 and later["sent"] >= 1 and later["captured"] == 2
        assert report["heap_free"] > 20000 and report["flash_free"] > 100000
        assert json.loads(report["settings"])["camera_frame_size"] == "QVGA"

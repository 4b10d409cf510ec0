# Pictures on an SD card that is missing, pulled, pushed back, full, or fails.

from tests.support.board import until
from tests.support.site import PATIENCE, site

PIR = 12  # GPIO13 is the card's D3


def photographed(place, count):
    """Something moves, until `count` pictures in all have been kept."""
    place.board.pin(PIR, 1)
    place.wait_for("INFO kept", count)
    place.board.pin(PIR, 0)
    until(lambda: not place.board.state()["pins"].get(str(PIR)), PATIENCE)
    place.let_pass(1)


def on_flash(place):
    return [
        name for name, data in place.board.files().items() if name.startswith("outbox/") and data
    ]


def test_a_card_is_pulled_and_pushed_back_and_nothing_is_lost(tmp_path):
    options = {
        "outbox": {"path": "/sd/outbox"},
        "trigger": {"pir_pin": PIR, "cooldown_s": 0},
        "card": 1 << 20,
    }
    with site(tmp_path, **options) as place:
        place.board.wifi(False)
        photographed(place, 1)
        photographed(place, 2)
        assert len(place.board.card_files()) == 2 and not on_flash(place)
        place.board.card_pull()
        photographed(place, 3)
        photographed(place, 4)
        assert place.board.output.count("pictures wait on the flash") <= 2
        assert len(on_flash(place)) == 2
        place.board.card_push()
        place.wait_for("INFO the SD card is there, 2 waiting on it")
        place.board.card_fault("write", 1)
        photographed(place, 5)
        place.let_pass(40)
        photographed(place, 6)
        assert len(place.board.card_files()) == 3 and len(on_flash(place)) == 3
        place.board.wifi(True)
        pictures = place.wait_for_pictures(6)
        assert [picture.frame for picture in pictures] == sorted(p.frame for p in pictures)
        assert len({picture.frame for picture in pictures}) == 6
        until(lambda: not on_flash(place) and not place.board.card_files(), PATIENCE)
        assert "Traceback" not in place.board.output and "assert failed" not in place.board.output


def test_a_board_that_starts_without_its_card_uses_it_when_it_comes(tmp_path):
    options = {"outbox": {"path": "/sd/outbox"}, "trigger": {"pir_pin": PIR}, "card": 1 << 20}
    with site(tmp_path, **options) as place:
        place.board.wifi(False)
        place.board.cut_power()
        place.board.card_pull()
        place.board.power_on()
        place.wait_for("no SD card (16, none answers), pictures wait on the flash")
        place.wait_for("INFO start", 2)
        photographed(place, 1)
        assert len(on_flash(place)) == 1
        place.board.card_push()
        place.wait_for("INFO the SD card is there, 0 waiting on it")
        place.let_pass(10)
        photographed(place, 2)
        assert len(place.board.card_files()) == 1
        place.board.wifi(True)
        assert len(place.wait_for_pictures(2)) == 2

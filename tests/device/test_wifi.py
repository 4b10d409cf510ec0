# wifi.Wifi: joining, joining again, giving up for now, and a driver that raises.

from fakeboard import PERIOD, Notes, on_board
from thingscam import wifi

HOME = ("home", "the home password")
SHED = ("shed", "the shed password")
OPEN = ("open", "")


class Station:
    """A Wifi on a board, with its log."""

    def __init__(self, esp, *networks):
        self.esp = esp
        self.notes = Notes()
        self.busy = False
        self.wifi = wifi.Wifi(list(networks), self.notes, lambda: self.busy)

    def online(self, within_ms, step=100):
        """Go on until it is online; return after how many ms, None when it is not by then."""
        for at in range(0, within_ms, step):
            before = self.esp.ticks
            scans = self.esp.air.scans
            if self.wifi.step():
                return at
            # It waits for nothing but a scan.
            took = self.esp.ticks - before
            assert took == (2000 if self.esp.air.scans > scans else 0), took
            self.esp.go(step)
        return None


@on_board
def test_joins_the_one_network(esp):
    esp.air.add(*HOME, rssi=-51)
    station = Station(esp, HOME)
    assert not station.wifi.step()
    assert station.wifi.rssi() is None
    assert station.online(5000) is not None
    assert station.wifi.rssi() == -51
    assert station.notes.lines == ["INFO Wi-Fi home, -51 dBm"]
    assert esp.air.scans == 0  # nothing to choose from


@on_board
def test_joins_an_open_network(esp):
    esp.air.add(*OPEN)
    assert Station(esp, OPEN).online(5000) is not None


@on_board
def test_the_strongest_first(esp):
    esp.air.add(*HOME, rssi=-80)
    esp.air.add(*SHED, rssi=-40)
    station = Station(esp, HOME, SHED)
    assert station.online(9000) is not None
    assert esp.air.tried == ["shed"]


@on_board
def test_no_scan_while_a_picture_is_wanted(esp):
    esp.air.add(*HOME)
    station = Station(esp, HOME, SHED)
    station.busy = True
    assert station.online(9000) is None
    assert esp.air.scans == 0
    station.busy = False
    assert station.online(9000) is not None


@on_board
def test_the_strongest_access_point_of_a_name_counts(esp):
    esp.air.add(*HOME, rssi=-40)
    esp.air.add(*HOME, rssi=-90)  # the one at the far end of the house
    esp.air.add(*SHED, rssi=-60)
    assert Station(esp, SHED, HOME).online(9000) is not None
    assert esp.air.tried == ["home"]


@on_board
def test_a_hidden_network_comes_last(esp):
    esp.air.add(*HOME, rssi=-30, hidden=True)
    esp.air.add("shed", "another password")
    station = Station(esp, HOME, SHED)
    assert station.online(40000) is not None
    assert esp.air.tried == ["shed", "home"]


@on_board
def test_each_of_several_is_tried(esp):
    esp.air.add(*OPEN, rssi=-90)
    station = Station(esp, HOME, SHED, OPEN)
    assert station.online(60000) is not None
    assert esp.air.tried[0] == "open"
    esp.air.vanish("open")
    esp.air.add(*SHED)
    assert station.online(90000) is not None
    assert esp.air.tried[-1] == "shed"


@on_board
def test_the_last_good_one_is_remembered_over_deep_sleep(esp):
    esp.air.add(*HOME, rssi=-80)
    esp.air.add(*SHED, rssi=-40)
    assert Station(esp, HOME, SHED).online(9000) is not None
    esp.air.add(*HOME, rssi=-20)  # stronger now, but a scan takes two seconds
    esp.wake(60000)
    esp.air.tried.clear()
    station = Station(esp, HOME, SHED)
    assert station.online(9000) <= 1600
    assert esp.air.tried == ["shed"] and esp.air.scans == 1
    # It goes on so.
    esp.wake(60000)
    assert Station(esp, HOME, SHED).online(9000) <= 1600
    # Another list of networks: nothing is remembered.
    esp.wake(60000)
    station = Station(esp, OPEN, HOME, SHED)
    assert station.online(9000) is not None
    assert esp.air.scans == 2


@on_board
def test_the_last_good_one_is_tried_first_once(esp):
    esp.air.add(*HOME, rssi=-80)
    esp.air.add(*SHED, rssi=-40)
    assert Station(esp, HOME, SHED).online(9000) is not None
    esp.air.vanish("shed")
    esp.wake(60000)
    esp.air.tried.clear()
    station = Station(esp, HOME, SHED)
    # A deep sleeper stays up for half a minute: no pause before it looks around.
    took = station.online(30000)
    assert took is not None and took < 19000, took
    assert esp.air.tried == ["shed", "home"]
    assert esp.air.scans == 2


@on_board
def test_a_wrong_password_is_named_and_not_told(esp):
    esp.air.add("home", "changed last week")
    station = Station(esp, HOME)
    assert station.online(60000) is None
    assert station.notes.count("ERROR", "home", "password") >= 1
    assert not station.notes.count(HOME[1])
    assert not station.notes.count("changed")
    # Well before the time is up that a network gets.
    first = [line for line in station.notes.lines if "home" in line][0]
    assert "refuse" in first
    # Mended at the access point: no restart needed.
    esp.air.networks["home"].password = HOME[1]
    assert station.online(400000) is not None


@on_board
def test_a_wrong_password_lets_the_next_one_in(esp):
    esp.air.add("home", "changed last week", rssi=-30)
    esp.air.add(*SHED, rssi=-70)
    station = Station(esp, HOME, SHED)
    assert station.online(30000) is not None
    assert esp.air.tried == ["home", "shed"]


@on_board
def test_pauses_grow_to_five_minutes(esp):
    station = Station(esp, HOME)
    tried = []
    for _ in range(36000):
        if len(esp.air.tried) > len(tried):
            tried.append(esp.ticks)
        assert not station.wifi.step()
        esp.go(100)
    gaps = [(b - a) // 1000 for a, b in zip(tried, tried[1:])]  # noqa: B905
    assert station.notes.count("WARNING", "home", "does not answer") >= 10
    # 9 to 15 s for a try, and the pause.
    pauses = [5, 10, 20, 40, 80, 160, 300, 300]
    for gap, pause in zip(gaps, pauses):  # noqa: B905
        assert pause + 8 <= gap <= pause + 16, gaps
    assert max(gaps) <= 316


@on_board
def test_it_comes_back(esp):
    esp.air.add(*HOME)
    station = Station(esp, HOME)
    assert station.online(5000) is not None
    for gone_ms in (1000, 20000, 3600000):
        esp.air.vanish("home")
        if station.online(1000) is None:
            assert station.notes.lines[-1] == "WARNING Wi-Fi lost"
        station.online(gone_ms, step=1000)
        esp.air.add(*HOME)
        # The longest pause and a try.
        assert station.online(320000) is not None, gone_ms
    assert station.notes.count("Wi-Fi lost") == 3
    # After a good time the patience is back: a short loss is a short loss.
    esp.air.vanish("home")
    station.online(16000)
    esp.air.add(*HOME)
    assert station.online(9000) is not None


@on_board
def test_off_and_joined_afresh(esp):
    esp.air.add(*HOME)
    station = Station(esp, HOME)
    assert station.online(5000) is not None
    station.wifi.off()
    assert not esp.air.active()
    assert station.online(5000) is not None


@on_board
def test_joined_already(esp):
    # After a soft reset the connection may still be there.
    esp.air.add(*HOME)
    esp.air.active(True)
    esp.air.config(reconnects=1)
    esp.air.connect(*HOME)
    esp.go(2000)
    station = Station(esp, HOME)
    assert station.wifi.step()
    assert station.notes.count("INFO Wi-Fi home") == 1


@on_board
def test_no_error_of_the_driver_gets_out(esp):
    calls = ("active", "isconnected", "status", "config", "scan", "connect", "disconnect")
    for name in calls:
        for error in (OSError("Wifi Internal Error"), OSError(12), RuntimeError("not started")):
            # From the start, while joining, and while connected.
            for after_ms in (0, 1000, 6000):
                esp.power_cut()
                esp.air.networks.clear()
                esp.air.add(*HOME)
                esp.air.add(*SHED)
                esp.air.faults = {}
                station = Station(esp, HOME, SHED)
                station.online(after_ms)
                esp.air.faults = {name: error}
                for _ in range(600):
                    station.wifi.step()
                    station.wifi.rssi()
                    esp.go(500)
                station.wifi.off()
                # Each time it is said, and not ten times a second.
                assert len(station.notes.lines) < 200, station.notes.lines[:9]
                # When that is over it joins.
                esp.air.faults = {}
                assert station.online(400000) is not None, (name, after_ms, error)


@on_board
def test_the_ticks_may_wrap(esp):
    esp.ticks = PERIOD - 1000
    esp.air.add(*HOME)
    station = Station(esp, HOME)
    assert station.online(5000) is not None
    # Weeks of quiet, then it is lost: seen, and joined again at once.
    for quiet_ms in (7 * 86400000, PERIOD - 3000, PERIOD + 86400000):
        esp.go(quiet_ms)
        assert station.wifi.step()
        esp.air.vanish("home")
        assert not station.wifi.step()
        esp.air.add(*HOME)
        assert station.online(25000) is not None, quiet_ms


@on_board
def test_a_computer_is_online(esp):
    wifi.network = None
    station = Station(esp, HOME)
    assert station.wifi.step()
    assert station.wifi.rssi() is None
    station.wifi.off()


@on_board
def test_without_networks_someone_else_sees_to_it(esp):
    # A board on Ethernet, say; config.load(wifi_needed=True) would not let it through.
    assert Station(esp).wifi.step()
    assert esp.air.calls == []

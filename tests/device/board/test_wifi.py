# wifi.Wifi: joining, joining again, giving up for now, and a driver that raises.

from fakeboard import PERIOD, Board, Notes, on_board
from thingscam.board import wifi

HOME = ("home", "the home password")
SHED = ("shed", "the shed password")
OPEN = ("open", "")


class Station:
    """A Wifi on a board, with its log."""

    def __init__(self, esp, *networks):
        self.esp = esp
        self.notes = Notes()
        self.calm = True  # nothing moves, no picture is due
        self.wifi = wifi.Wifi(list(networks), self.notes, lambda: not self.calm)

    def online(self, within_ms, step=100):
        """Go on until it is online; return after how many ms, None when it is not by then."""
        for at in range(0, within_ms, step):
            before = self.esp.ticks
            scans = self.esp.air.scans
            if self.wifi.step():
                return at
            # It waits for nothing but a scan.
            took = self.esp.ticks - before
            assert took == (2400 if self.esp.air.scans > scans else 0), took
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
    assert esp.air.scans == 1


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
def test_the_strongest_access_point_of_a_name_counts(esp):
    esp.air.add(*HOME, rssi=-40)
    esp.air.add(*HOME, rssi=-90, bssid=1)  # the one at the far end of the house
    esp.air.add(*SHED, rssi=-60)
    assert Station(esp, SHED, HOME).online(9000) is not None
    assert esp.air.tried == ["home"] and esp.air.points == [0]


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
    esp.air.add(*HOME)
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
    # What goes on for hours is not said each time.
    assert 3 <= station.notes.count("WARNING", "home", "does not answer") <= 8
    # 8 to 18 s for a scan and a try, and the pause.
    pauses = [5, 10, 20, 40, 80, 160, 300, 300]
    for gap, pause in zip(gaps, pauses):  # noqa: B905
        assert pause + 8 <= gap <= pause + 18, gaps
    assert max(gaps) <= 318


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
    assert station.online(20000) is not None


@on_board
def test_off_and_joined_afresh(esp):
    esp.air.add(*HOME)
    station = Station(esp, HOME)
    assert station.online(5000) is not None
    station.wifi.off()
    assert not esp.air.active()
    assert station.online(5000) is not None


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


VERSIONS = ((1, 21), (1, 22), (1, 27), (1, 29))


def test_a_reason_counts_for_the_network_it_came_from():
    # Since 1.22 status() goes on with the last failure's reason until there is an address.
    for version in VERSIONS:
        for refusal in (202, 205, 15, 204):
            with Board(micropython=version) as esp:
                esp.air.add("home", "changed last week", rssi=-40, refusal=refusal)
                esp.air.add(*SHED, rssi=-60)
                station = Station(esp, HOME, SHED, OPEN)
                # In the first round, and each time again.
                for _ in range(3):
                    assert station.online(30000) is not None, (version, refusal)
                    assert not station.notes.count("ERROR", "shed")
                    esp.air.vanish("shed")
                    assert not station.wifi.step()
                    esp.air.add(*SHED, rssi=-60)
                assert station.notes.count("ERROR", "home", "password") >= 1
                assert not station.notes.count("no Wi-Fi")


def test_the_second_reason_of_a_kind_is_no_refusal():
    # The shed's lets in and gives no address: what is left of home's refusal is not its own.
    with Board() as esp:
        esp.air.add("home", "changed last week", rssi=-40, refusal=202)
        esp.air.add(*SHED, rssi=-60, dhcp=False)
        esp.air.add(*OPEN, rssi=-70)
        station = Station(esp, HOME, SHED, OPEN)
        assert station.online(70000) is not None
        assert not station.notes.count("ERROR", "shed")
        assert station.notes.count("WARNING Wi-Fi shed does not answer") == 1


def test_a_failure_that_passes_is_no_refusal():
    for version in VERSIONS:
        for refusal in (202, 205, 15):
            with Board(micropython=version) as esp:
                # A weak signal looks like a wrong password at first.
                point = esp.air.add("home", "noise", refusal=refusal)
                station = Station(esp, HOME)
                assert station.online(4000) is None
                point.password = HOME[1]
                assert station.online(8000) is not None, (version, refusal)
                assert station.notes.lines == ["INFO Wi-Fi home, -60 dBm"]


@on_board
def test_one_name_two_passwords(esp):
    esp.air.add("home", "a neighbour's", rssi=-30, bssid=1)
    esp.air.add("home", "another neighbour's", rssi=-40, bssid=2)
    esp.air.add("home", "a third one's", rssi=-45, bssid=3)
    esp.air.add(*HOME, rssi=-50, bssid=4)
    station = Station(esp, HOME)
    # Two in a round, and not the same ones in the next.
    assert station.online(60000) is not None
    assert esp.air.points == [1, 2, 3, 4]


@on_board
def test_without_the_address_after_a_failure(esp):
    # An access point that has another address when it is back.
    point = esp.air.add(*HOME, bssid=1, dhcp=False)
    station = Station(esp, HOME)
    station.online(16000)
    point.dhcp = True
    assert station.online(9000) is not None
    assert esp.air.points == [1, None]


@on_board
def test_who_lets_in_and_throws_out(esp):
    esp.air.add(*HOME, drops_ms=7000)
    station = Station(esp, HOME)
    online = 0
    for _ in range(36000):
        online += station.wifi.step()
        esp.go(100)
    # It is tried all the same, once a minute or so, and not talked about all the time.
    assert online > 40 * 70, online
    assert 6 <= len(station.notes.lines) < 40, len(station.notes.lines)
    # For good: all is forgotten.
    esp.air.add(*HOME)
    assert station.online(70000) is not None
    station.online(100000)
    esp.air.vanish("home")
    assert not station.wifi.step()
    assert station.notes.lines[-1] == "WARNING Wi-Fi lost"
    esp.air.add(*HOME)
    assert station.online(12000) is not None


@on_board
def test_nothing_blocks_while_something_moves(esp):
    esp.air.add(*HOME, rssi=-80)
    esp.air.add(*SHED, rssi=-40)
    station = Station(esp, HOME, SHED)
    station.calm = False
    assert station.online(9000) is not None
    assert esp.air.scans == 0 and esp.air.tried == ["home"]


@on_board
def test_the_access_point_is_remembered_over_deep_sleep(esp):
    esp.air.add(*HOME, rssi=-80, bssid=1)
    esp.air.add(*HOME, rssi=-40, bssid=2)
    assert Station(esp, HOME).online(9000) is not None
    esp.wake(60000)
    assert Station(esp, HOME).online(9000) <= 1600
    assert esp.air.points == [2, 2] and esp.air.scans == 1


@on_board
def test_changes_to_a_stronger_access_point(esp):
    esp.air.add(*HOME, rssi=-60, bssid=1)
    station = Station(esp, HOME)
    assert station.online(9000) is not None
    esp.air.add(*HOME, rssi=-50, bssid=2)
    esp.air.add(*SHED, rssi=-20)
    station.online(2000000, step=1000)
    assert esp.air.scans == 1  # it does well enough
    esp.air.networks[0].rssi = -82
    offline = 0
    for _ in range(7200):
        offline += not station.wifi.step()
        esp.go(1000)
    assert offline <= 4 and esp.air.scans == 2 and esp.air.points == [1, 2]
    assert station.notes.count("INFO Wi-Fi home: changing to -50 dBm") == 1
    assert station.wifi.rssi() == -50 and not station.notes.count("lost")


@on_board
def test_looks_around_seldom_and_only_in_calm(esp):
    esp.air.add(*HOME, rssi=-84, bssid=1)
    esp.air.add(*HOME, rssi=-85, bssid=2)
    station = Station(esp, HOME)
    assert station.online(9000) is not None
    scans = []
    for n in range(7200):
        station.calm = n > 3600
        before = esp.air.scans
        assert station.wifi.step()
        if esp.air.scans > before:
            scans.append(esp.ticks)
        esp.go(1000)
    assert 3 <= len(scans) <= 4, scans
    assert scans[0] > 3600000 and min(b - a for a, b in zip(scans, scans[1:])) >= 900000  # noqa: B905
    assert esp.air.points == [1]


@on_board
def test_a_name_that_is_no_text(esp):
    name = b"\xd0\xa1\xc3\xd7"
    esp.air.add(name, "secret word")
    station = Station(esp, (name, "secret word"))
    assert station.online(9000) is not None
    assert station.notes.lines == ["INFO Wi-Fi \\xd0\\xa1\\xc3\\xd7, -60 dBm"]


@on_board
def test_what_a_soft_reset_leaves(esp):
    # The association is still there, or in the making: it proves nothing of wifi as it is now.
    for after_ms in (100, 1590, 2000):
        for ssid, password in (SHED, (HOME[0], "changed last week")):
            esp.power_cut()
            esp.air.networks.clear()
            esp.air.add(*HOME)
            esp.air.add(ssid, password, rssi=-40)
            esp.air.active(True)
            esp.air.connect(ssid, password)
            esp.go(after_ms)
            esp.restart("soft_reset")
            refused = Station(esp, (ssid, "what the shop has put on it"))
            assert refused.online(30000) is None, (after_ms, ssid)
            esp.restart("soft_reset")
            esp.air.add(*HOME)
            station = Station(esp, HOME)
            assert station.online(9000) is not None, (after_ms, ssid)
            assert station.notes.lines == ["INFO Wi-Fi home, -60 dBm"]

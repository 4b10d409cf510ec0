# schedule: time zones, the sun, and the windows of time that they make.

import json

from support import raises
from thingscam.config import ConfigError, config
from thingscam.schedule import sun
from thingscam.schedule.windows import Windows
from thingscam.schedule.zone import Zone

# Place, latitude, longitude, day counted from 1970, sunrise and sunset in minutes of the day, UTC.
# By PyEphem 4.2.1 (VSOP87) with the horizon at -0:50 and no pressure, as the US Naval Observatory
# defines them; those of Atlanta in 2009 are the Observatory's own, quoted in PyEphem's manual.
ALMANAC = (
    ("Atlanta", 33.8, -84.4, 14493, 675, 1436),
    ("Quito", -0.18, -78.47, 20458, 675, 1403),
    ("Quito", -0.18, -78.47, 23182, 672, 1399),
    ("Quito", -0.18, -78.47, 25922, 668, 1396),
    ("Singapore", 1.35, 103.82, 20939, -63, 667),
    ("Singapore", 1.35, 103.82, 25505, -74, 650),
    ("Singapore", 1.35, 103.82, 21243, -45, 680),
    ("Mumbai", 19.08, 72.88, 20719, 58, 784),
    ("Mumbai", 19.08, 72.88, 20458, 103, 765),
    ("Mumbai", 19.08, 72.88, 23182, 32, 829),
    ("Kunming", 25.04, 102.71, 22614, -23, 619),
    ("Kunming", 25.04, 102.71, 20939, -86, 699),
    ("Kunming", 25.04, 102.71, 25505, -44, 630),
    ("Atlanta", 33.8, -84.4, 21993, 701, 1429),
    ("Atlanta", 33.8, -84.4, 20719, 686, 1413),
    ("Atlanta", 33.8, -84.4, 20458, 763, 1363),
    ("Beijing", 39.9, 116.4, 24328, -158, 677),
    ("Beijing", 39.9, 116.4, 22614, -44, 530),
    ("Beijing", 39.9, 116.4, 20939, -164, 668),
    ("Berlin", 52.52, 13.4, 25922, 435, 894),
    ("Berlin", 52.52, 13.4, 21993, 309, 1040),
    ("Berlin", 52.52, 13.4, 20719, 294, 1023),
    ("Edinburgh", 55.95, -3.19, 21243, 425, 1066),
    ("Edinburgh", 55.95, -3.19, 24328, 275, 1200),
    ("Edinburgh", 55.95, -3.19, 22614, 499, 944),
    ("Helsinki", 60.17, 24.94, 23182, 54, 1190),
    ("Helsinki", 60.17, 24.94, 25922, 444, 793),
    ("Helsinki", 60.17, 24.94, 21993, 262, 995),
    ("Reykjavik", 64.15, -21.94, 25505, 547, 1034),
    ("Reykjavik", 64.15, -21.94, 21243, 517, 1125),
    ("Reykjavik", 64.15, -21.94, 24328, 305, 1319),
    ("Cape Town", -33.92, 18.42, 20939, 321, 966),
    ("Cape Town", -33.92, 18.42, 25505, 227, 1033),
    ("Cape Town", -33.92, 18.42, 21243, 274, 1043),
    ("Auckland", -36.85, 174.76, 20719, -350, 378),
    ("Auckland", -36.85, 174.76, 20458, -412, 464),
    ("Auckland", -36.85, 174.76, 23182, -266, 312),
    ("Ushuaia", -54.8, -68.3, 22614, 476, 1489),
    ("Ushuaia", -54.8, -68.3, 20939, 714, 1266),
    ("Ushuaia", -54.8, -68.3, 25505, 527, 1428),
    ("Kiritimati", 1.87, -157.4, 21993, 994, 1720),
    ("Kiritimati", 1.87, -157.4, 20719, 979, 1705),
    ("Kiritimati", 1.87, -157.4, 20458, 995, 1716),
    ("Suva", -18.14, 178.44, 24328, -331, 355),
    ("Suva", -18.14, 178.44, 22614, -399, 389),
    ("Suva", -18.14, 178.44, 20939, -340, 347),
)
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
# Zone, a moment in UTC, how far ahead of it clocks are just before and from then on.
SWITCHES = (
    (BERLIN, 1774746000, 3600, 7200),
    (BERLIN, 1792890000, 7200, 3600),
    ("EST5EDT,M3.2.0,M11.1.0", 1772953200, -18000, -14400),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1775318400, 39600, 36000),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1791043200, 36000, 39600),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1774746000, -7200, -3600),
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1775314800, 39600, 37800),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", 1774746000, 0, 3600),
    ("AAA0BBB,J60/0,J300/0", 1835481600, 0, 3600),  # 1 March 2028, in a leap year
    ("AAA0BBB,J59/0,J300/0", 1835308800, 0, 3600),
    ("AAA0BBB,59/0,300", 1835395200, 0, 3600),  # 29 February: the 60th day, counted from 0
    ("AAA-10BBB,M10.1.0/-167,M4.1.0/167", 1790434800, 36000, 39600),
)
MONDAY = 1769990400  # 2 February 2026, 0:00 UTC
HOUR = 3600
DAY = 86400


class Settings:
    def __init__(self, *windows, latitude=None, longitude=None):
        self.windows = windows
        self.latitude, self.longitude = latitude, longitude


def windows(*entries, zone="UTC0", latitude=None, longitude=None):
    return Windows(Settings(*entries, latitude=latitude, longitude=longitude), Zone(zone))


def test_the_sun_by_an_almanac():
    for place, latitude, longitude, day, rises, sets in ALMANAC:
        rise, _, down = sun.times(day, latitude, longitude)
        assert abs(rise - rises * 60) <= 120 and abs(down - sets * 60) <= 120, (place, day)


def test_where_the_sun_does_not_rise_or_set():
    assert sun.times(20808, 69.65, 18.96) == (38533, 38533, 38533)  # Tromso, in December
    assert sun.times(20625, 69.65, 18.96) == (-4442, 38758, 81958)  # and in June
    for latitude in (90, 90.0, -90, -90.0):
        for day in (20625, 20808):
            rise, noon, down = sun.times(day, latitude, 0)
            assert down - rise == (DAY if (day == 20625) == (latitude > 0) else 0)
            assert down - noon == noon - rise


def test_summer_time_begins_and_ends():
    for text, at, before, behind in SWITCHES:
        zone = Zone(text)
        assert (zone.offset(at - 1), zone.offset(at)) == (before, behind), text
        assert (zone.offset(at), zone.offset(at - 1)) == (behind, before), text
        for utc in (at - 4 * HOUR, at - 1, at + 4 * HOUR):
            assert zone.utc(utc + zone.offset(utc)) == utc, text
    zone = Zone(BERLIN)
    assert zone.utc(1774749600 + 1800) == 1774746000 + 1800  # 2:30 is jumped over: 3:30
    assert zone.utc(1792893600 + 1800) == 1792890000 - 1800  # 2:30 comes twice: the first


def test_a_time_zone_that_is_none():
    mistakes = (
        ("", "at character 1 must be a zone's name"),
        ("Europe/Berlin", "at character 7 must be its offset"),
        ("UTC", "at character 4 must be its offset"),
        ("CET-25", "at character 5 must be its offset from UTC, west of it above 0, from 0 to 24"),
        ("UTC+8:60", "at character 7 must be a number, from 0 to 59"),
        ("CET-1CEST", "says not when summer time begins"),
        ("CET-1CEST,M3.5.0", "at character 17 must be a comma"),
        ("CET-1CEST,M3.5.0,M10.5.0/168", "at character 26 must be the hour"),
        ("CET-1CEST,M3.5.0,M10.5.0/3 ", "at character 27 must be its end"),
        ("CET-1CEST,J0,J3", "at character 12 must be a day of the year, from 1 to 365"),
        ("CET-1CEST,M3.5,M3", "at character 15 must be a dot"),
        ("<+03-3", "at character 7 must be the >"),
        ("中文字-8", "at character 1 must be a zone's name"),
    )
    for text, problem in mistakes:
        assert str(raises(ValueError, Zone, text)).startswith(problem), text


def test_hours_of_weekdays():
    found = windows({"days": "mon-fri", "from": "07:00", "to": "18:00"})
    for hour, inside, until in (
        (0, False, 7),
        (7, True, 18),
        (17.5, True, 18),
        (18, False, 31),
        (4 * 24 + 20, False, 7 * 24 + 7),  # over the weekend
    ):
        utc = MONDAY + int(hour * HOUR)
        assert found.state(utc) == (inside, MONDAY + until * HOUR), hour
    assert found.today(MONDAY + 5) == [(MONDAY + 7 * HOUR, MONDAY + 18 * HOUR)]
    assert found.text(MONDAY + 7 * HOUR + 59) == "mon 07:00"


def test_whole_days_and_windows_over_midnight():
    weekend = windows({"days": "sat,sun"})
    assert weekend.state(MONDAY) == (False, MONDAY + 5 * DAY)
    assert weekend.state(MONDAY + 6 * DAY) == (True, MONDAY + 7 * DAY)
    always = windows({})
    assert always.state(MONDAY + 5) == (True, MONDAY + 5 + 7 * DAY)
    night = windows({"days": "fri - mon", "from": "22:00", "to": "6:30"})
    assert night.state(MONDAY + HOUR) == (True, MONDAY + 6 * HOUR + 1800)
    assert night.state(MONDAY + 23 * HOUR) == (True, MONDAY + 30 * HOUR + 1800)
    assert night.state(MONDAY + 47 * HOUR) == (False, MONDAY + 4 * DAY + 22 * HOUR)
    joined = windows({"from": "06:00", "to": "09:00"}, {"from": "08:00", "to": "12:00"})
    assert joined.state(MONDAY + 7 * HOUR) == (True, MONDAY + 12 * HOUR)


def test_hours_go_by_the_clock_on_the_wall():
    found = windows({"from": "01:00", "to": "04:00"}, zone=BERLIN)
    begin = 1774746000 - HOUR  # 29 March 2026, an hour before summer time
    assert found.state(begin - 1) == (False, begin)
    assert found.state(begin) == (True, begin + 2 * HOUR)
    assert found.text(begin + HOUR) == "sun 03:00"


def test_from_sunset_to_sunrise():
    night = {"from": "sunset", "to": "sunrise"}
    berlin = windows(night, zone=BERLIN, latitude=52.52, longitude=13.4)
    day = 20719  # 23 September 2026: the sun from 294 to 1023 minutes
    begin, end = berlin.of_day(day)[0]
    assert abs(begin - day * DAY - 1023 * 60) < 120
    assert abs(end - (day + 1) * DAY - 296 * 60) < 120
    # Where clocks are 14 hours ahead, and 157 degrees west: the sun's day began the day before.
    there = windows(
        {"from": "sunrise", "to": "sunset"}, zone="<+14>-14", latitude=1.87, longitude=-157.4
    )
    begin, end = there.of_day(day + 1)[0]
    assert abs(begin - day * DAY - 979 * 60) < 120
    assert abs(end - day * DAY - 1705 * 60) < 120
    assert there.text(begin)[:6] == "thu 06"
    # An offset moves it.
    early = windows({"from": "sunset - 0:30", "to": "23:00"}, latitude=52.52, longitude=13.4)
    later = windows({"from": "sunset+01:00", "to": "23:00"}, latitude=52.52, longitude=13.4)
    assert later.of_day(day)[0][0] - early.of_day(day)[0][0] == 90 * 60


def test_what_changes_next_is_what_changes_next():
    place = {"latitude": 64.15, "longitude": -21.94}  # Reykjavik
    for entries in (
        [{"days": "wed", "from": "23:00", "to": "01:00"}],
        [{"from": "sunset+11:00", "to": "sunrise+12:00"}, {"days": "sun"}],
        [{"from": "sunrise-12:00", "to": "sunrise-11:00"}, {"days": "tue", "to": "sunset"}],
        [{"from": "sunset", "to": "sunrise"}, {"from": "12:00", "to": "12:30"}],
    ):
        found = windows(*entries, zone="<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", **place)
        first = 20625  # in June, and some in December
        for day in (first, first + 183):
            every = [span for at in range(day - 3, day + 20) for span in found.of_day(at)]
            utc, end = day * DAY, (day + 12) * DAY
            while utc < end:
                inside, change = found.state(utc)
                assert utc < change <= utc + 7 * DAY
                for at in range(utc, change, 1800):
                    assert inside == any(a <= at < b for a, b in every), (entries, at)
                utc = change


def test_the_sun_makes_no_window_of_a_day_too_many():
    # In winter it sets before 18:00: no window, rather than one of a day.
    evening = windows({"from": "18:00", "to": "sunset"}, latitude=52.52, longitude=13.4)
    assert evening.of_day(20458) == [] and len(evening.of_day(20625)) == 1
    # In Tromso it does not set in June, nor rise in December.
    place = {"latitude": 69.65, "longitude": 18.96}
    night = windows({"from": "sunset", "to": "sunrise"}, **place)
    noon = 20625 * DAY + 43200
    assert night.state(noon) == (False, noon + 7 * DAY)
    noon = 20808 * DAY + 43200
    assert night.state(noon)[0] and night.state(noon)[1] > noon + 6 * DAY
    day = windows({"from": "sunrise-01:00", "to": "sunset+01:00"}, **place)
    begin, end = day.of_day(20808)[0]
    assert (end - begin, begin) == (2 * HOUR, 20808 * DAY + 38533 - HOUR)


def refused(**settings):
    schedule = dict({"windows": [{}], "timezone": "CST-8"}, **settings)
    cloud = {"endpoint": "http://a.b", "identifier": "image", "region": "demo"}
    cloud.update(access_token="t0ken-value", project_key="pr0ject-key")
    data = {"cloud": cloud, "schedule": schedule}
    return raises(ConfigError, config.parse, json.dumps(data).encode()).mistakes


def test_each_mistake_in_config_json_is_told():
    assert refused(
        windows=[{"form": "07:00"}, {"days": "mo", "from": "7", "to": "8"}, {"from": "sunset"}],
        timezone="Asia/Shanghai",
        latitude=91,
    ) == [
        "schedule.latitude: must be from -90 to 90 degrees",
        "schedule.timezone: 'Asia/Shanghai' at character 5 must be its offset from UTC, "
        "west of it above 0, from 0 to 24; such as CET-1CEST,M3.5.0,M10.5.0/3: see docs/board.md",
        "schedule.windows[0].'form': unknown, there are days, from, to",
        'schedule.windows[1].days: must be such as "mon-fri" or "sat,sun", of '
        "mon tue wed thu fri sat sun; found 'mo'",
        'schedule.windows[1].from: must be "HH:MM", "sunrise", or such as '
        "\"sunset+00:30\"; found '7'",
        'schedule.windows[1].to: must be "HH:MM", "sunrise", or such as '
        "\"sunset+00:30\"; found '8'",
    ]
    sun = [{"from": "sunset", "to": "sunrise"}]
    assert refused(windows=sun, latitude=25) == [
        "schedule.longitude: missing, and schedule.windows[0] goes by the sun"
    ]
    # The commonest mistake: POSIX counts the other way.
    assert refused(windows=sun, timezone="CST+8", latitude=25.04, longitude=102.71) == [
        "schedule.longitude: 102.71 is far from CST+8: east is above 0 here, below 0 there"
    ]
    assert refused(windows=[{"from": "07:00", "to": "07:00"}]) == [
        "schedule.windows[0].from and to are the same: for the whole day leave both out"
    ]
    for wrong, told in (
        ({"windows": {}}, "schedule.windows: must be a list of objects, 20 at most"),
        ({"windows": [1]}, "schedule.windows: must be a list of objects, 20 at most"),
        ({"latitude": "25N"}, "schedule.latitude: must be a number of degrees, such as 52.5, "),
        ({"outside": "pir"}, "schedule.outside: must be one of nothing, motion"),
    ):
        (mistake,) = refused(**wrong)
        assert mistake.startswith(told), mistake


def test_windows_that_are_none():
    for entry, problem in (
        ({"days": "mon-fry"}, "days: must be such as"),
        ({"days": "mon-"}, "days: must be such as"),
        ({"days": ""}, "days: must be such as"),
        ({"days": 1}, "days: must be a text"),
        ({"from": "7"}, 'from: must be "HH:MM"'),
        ({"from": "07:60"}, 'from: must be "HH:MM"'),
        ({"to": "24:01"}, 'to: must be "HH:MM"'),
        ({"to": "sunset+30"}, 'to: must be "HH:MM"'),
        ({"to": "sunset+13:00"}, 'to: must be "HH:MM"'),
        ({"to": "sundown"}, 'to: must be "HH:MM"'),
        ({"to": 7}, 'to: must be "HH:MM"'),
        ({"from": "07:00", "to": "7:00"}, "from and to are the same"),
    ):
        assert str(raises(ValueError, windows, entry)).startswith(problem), entry

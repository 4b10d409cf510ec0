# A day of a camera on a small cell: low and critical at night, and by itself back with the sun.

from tests.system.soak import week


def test_a_day_by_the_sun():
    with week.made(
        mah=100, charge=0.23, panel_ma=60, weather=(1.0,), every_s=3600, motions=0
    ) as found:
        found.run()
        assert week.judged(found, ("low", "critical", "good")) == []
        low, critical, good = [at for at, _ in found.levels]
        hour = 3600000
        assert good - critical > 5.9 * hour
        assert not [at for at in found.took if critical + hour / 4 < at < good]
        assert len(found.took) >= 12
        assert any("V critical" in line for line in found.lines if line.startswith("INFO upload"))
        # No power cut: it has slept through what was left.
        assert found.board.state()["starts"] == len(found.wakes) and "power_on" not in str(
            found.lines[20:]
        )

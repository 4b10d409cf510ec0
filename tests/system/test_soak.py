# Pictures counted end to end, in small: a few power cuts, an hour of outages, and broken firmware.

import pytest

from tests.support.board import execute, mpremote
from tests.support.world import ROOT
from tests.system.soak import day, long, rounds, settings
from tests.system.soak.judge import judge, still, wears
from tests.system.soak.ledger import Ledger
from tests.system.soak.rig import PIR_PIN, Rig

LIB = "lib/thingscam/"


def mutant(name, old, new):
    """Return the changed firmware: `old` replaced in one file of the device code."""
    text = (ROOT / LIB / (name + ".py")).read_text()
    assert text.count(old) == 1, (name, old)
    return {LIB + name + ".mpy": None, LIB + name + ".py": text.replace(old, new)}


@pytest.mark.parametrize("at, count", [(0, 4), (1, 2), (7, 3)])
def test_no_picture_is_lost_by_power_cuts(at, count):
    result = rounds.soak(rounds.KINDS[at], count, seed=5)
    assert result.broken == []
    assert result.verdict.sent >= result.verdict.kept > 0
    assert sum(result.cuts.values()) == count


@pytest.mark.parametrize("at", [0, 1])
def test_no_picture_is_lost_while_all_goes_wrong_at_once(at):
    result = long.soak(long.KINDS[at], 1, seed=3, length_s=(90, 150))
    assert result.broken == []
    assert result.verdict.sent >= result.verdict.kept > 0


def test_no_picture_is_lost_while_settings_are_changed_from_afar():
    result = settings.soak(rounds.KINDS[3], 5, seed=2)
    assert result.broken == []
    assert result.verdict.sent >= result.verdict.kept > 0
    assert result.troubles["wishes"] > 0 and result.troubles["states"] > 3


def test_many_uploads_in_one_power_on():
    verdict, _, lines = long.uploads(20)
    assert verdict.broken == [], lines[-20:]
    assert verdict.sent >= 20


@pytest.mark.parametrize("fault", ["no time", "5001", "no picture"])
def test_a_fault_that_lasts_wears_no_flash_out(fault, tmp_path):
    settings = {"trigger": {"pir_pin": PIR_PIN, "cooldown_s": 10, "every_s": 60}}
    with Rig(tmp_path, settings, tls=fault == "no time") as rig:
        rig.board.ntp(fault != "no time")
        if fault == "5001":
            rig.service.fault({"errcode": 5001, "times": 1000000})
        elif fault == "no picture":
            rig.board.camera_fault("start", 1000000)
        rig.power_on()
        rig.run(3600)
        rig.cut()
        ledger = rig.ledger
    # With the pictures themselves, one in a minute, it is nothing.
    assert 3 <= len(ledger.log_writes) <= 46
    assert ledger.starts == 1
    assert fault == "no picture" or still(ledger, 60) == []
    # And the log is not full of one line.
    text = "\n".join(line for line in ledger.lines if line.startswith(("WARNING", "ERROR")))
    assert len(text.splitlines()) <= 60, text


def test_a_blind_camera_and_a_busy_log_are_seen():
    ledger = Ledger(lambda: 500000)
    ledger.power_on()
    ledger.text("rst:0x1\nINFO start: thingscam 1.2, power_on, 0 waiting\n")
    ledger.text("@ 1000 try\n@ 1100 begin capture -\n@ 1200 end capture 0\n")
    ledger.text("@ 2000 log\n" * 17)
    assert still(ledger, 20) == [] and wears(ledger) == []
    ledger.text("@ 2000 log\n")
    assert wears(ledger) == ["18 writes of the log in 0 s"]
    ledger._now_ms = lambda: 580001
    ledger.power_cut()
    assert still(ledger, 20) == ["no picture for 81 s, at 580001"]


def test_no_picture_is_lost_in_an_hour_of_outages():
    found, verdict, _ = day.day(day.HOUR, 60, 30, seed=3)
    assert verdict.broken == []
    assert verdict.sent == verdict.captured >= 20
    assert len(found.rows) == 3


def test_a_full_outbox_loses_what_the_log_says_and_no_more(tmp_path):
    settings = {"outbox": {"max_bytes": 40000}}
    # Each line is counted here, so none may be left out.
    files = mutant("util/log", "_FREE = const(5)", "_FREE = const(999)")
    with Rig(tmp_path, settings, profile="ttgo-t-journal", files=files) as rig:
        ledger = rig.ledger
        for _ in range(2):
            rig.power_on()
            rig.board.internet(False)
            for at in range(12):
                rig.at(rig.now_ms + (at + 1) * 5000, lambda: rig.board.pulse(PIR_PIN, 2))
            rig.run(75)
            rig.cut()
        rig.board.internet(True)
        rig.power_on()
        assert rig.run(300, lambda: ledger.ready and not ledger.waiting and not ledger.phases)
        rig.cut()
        verdict = judge(ledger, rig.service)
    said = [line for line in ledger.lines if "dropped, the outbox is full" in line]
    assert verdict.lost == len(said) > 10
    assert verdict.sent == verdict.captured - verdict.lost > 0
    assert len(verdict.broken) == 2 * len(said)  # each lost one, and each line that says so


def test_what_ctrl_c_interrupts_is_sent_after_the_restart(tmp_path):
    # A picture under way from memory, when mpremote comes.
    with Rig(tmp_path) as rig:
        ledger = rig.ledger
        rig.power_on()
        rig.at(rig.now_ms + 10000, lambda: rig.board.pulse(PIR_PIN, 2))
        assert rig.run(60, lambda: ledger.acknowledged)
        rig.run(15)
        rig.service.fault({"no_answer": "hold"})
        rig.board.pulse(PIR_PIN, 2)
        assert rig.run(60, lambda: rig.service.open and ledger.phases == ["upload"])
        execute(rig.board, "pass")
        mpremote(rig.board, "reset")
        assert rig.run(120, lambda: len(ledger.acknowledged) == 2)
        rig.cut()
        assert judge(ledger, rig.service).sent == 2


def broken(count, files):
    return rounds.soak(rounds.KINDS[3], count, seed=1, files=files, drain_s=120)


def test_a_firmware_that_removes_before_it_has_sent_is_caught():
    old = "            e = self.upload(image, entry.size, entry.cause, alone)\n"
    new = "            self._outbox.remove(entry)\n" + old
    result = broken(8, mutant("sender", old, new))
    assert result.verdict.lost > 0 and any("kept" in line for line in result.broken)


def test_a_firmware_that_keeps_nothing_is_caught():
    old = "                self._store.write(view, totals, captured_at, cause)\n"
    files = mutant("outbox/policy", old, "                pass\n")
    result = broken(2, files)
    assert result.verdict.lost > 0


def test_a_firmware_that_sends_again_what_was_accepted_is_caught():
    old = "            self._outbox.remove(entry)\n"
    files = mutant("sender", old, "            pass\n")
    result = broken(1, files)
    assert any("sent again without a reason" in line for line in result.broken), result.broken


def test_a_firmware_that_knows_no_pace_is_caught():
    files = mutant("cloud/interval", "        self._closed.set(self._period + begins)\n", "")
    result = broken(3, files)
    assert any("after the last" in line for line in result.broken), result.broken
    assert any("at the service" in line for line in result.broken), result.broken


def test_a_firmware_that_damages_what_it_sends_is_caught():
    old = "            count = self._file.readinto(buffer)\n"
    new = old + "            if count > 99:\n                buffer[count // 2] ^= 1\n"
    files = mutant("outbox/record", old, new)
    result = broken(4, files)
    assert result.verdict.damaged > 0

# Whether every promise was kept: a Verdict on what the fleet knows and what was found.

import collections
import dataclasses

from tests.system.receiver.ledger import STORED, UNCLEAR, UNSENT

_EVENTS = 100  # of a device the newest stay


@dataclasses.dataclass(frozen=True)
class Row:
    """A picture's row, as it stands in the database."""

    id: int
    device: str
    name: str
    size: int
    sha256: str
    deleting: bool = False


@dataclasses.dataclass
class Found:
    """What was found, read around the receiver: `objects` (name: MD5 in digits), `rows` (of Row),
    `attributes` (label: name: value), `events` (label: numbers), `counts` (label: how many
    pictures, and bytes of them, the index has counted)."""

    objects: dict = dataclasses.field(default_factory=dict)
    rows: list = dataclasses.field(default_factory=list)
    attributes: dict = dataclasses.field(default_factory=dict)
    events: dict = dataclasses.field(default_factory=dict)
    counts: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Verdict:
    """Counts, and `broken`: a line for each promise that was not kept."""

    uploads: int = 0
    stored: int = 0  # answered so
    unanswered: int = 0  # no answer, or one of a failure
    kept_unanswered: int = 0  # of these: there all the same, once
    refused: int = 0  # for another reason
    messages: int = 0
    taken: int = 0  # messages that were answered as taken
    orphans: int = 0  # objects without a row, of pictures that were not answered as stored
    deleted: int = 0  # answered as stored, and gone since because newer ones are kept
    broken: list = dataclasses.field(default_factory=list)


def judge(ledger, found, *, mended=False, ended=True, keep=None):
    """Return the Verdict on what was `found` (Found) when no request was under way.

    `mended`: `receiver check --mend` has run, so there are no orphans. `ended`: no deletion is
    under way. `keep`: so many pictures of a device are kept; None: all.
    """
    verdict = Verdict(broken=list(ledger.wrong))
    view = _View(ledger, found, mended, ended, keep, verdict)
    verdict.uploads = sum(upload.answer != UNSENT for upload in ledger.uploads)
    verdict.messages = sum(message.answer != UNSENT for message in ledger.messages)
    verdict.taken = sum(message.answer == STORED for message in ledger.messages)
    for upload in ledger.uploads:
        view.upload(upload)
    view.strangers()
    view.halves()
    view.counts()
    view.attributes()
    view.messages()
    return verdict


class _View:
    def __init__(self, ledger, found, mended, ended, keep, verdict):
        self._ledger = ledger
        self._found = found
        self._mended = mended
        self._ended = ended
        self._keep = keep
        self._verdict = verdict
        self._by_name = {row.name: row for row in found.rows}
        self._by_sha = collections.defaultdict(list)
        self._by_md5 = collections.defaultdict(list)
        for row in found.rows:
            self._by_sha[row.sha256].append(row)
        for name, md5 in found.objects.items():
            self._by_md5[md5].append(name)
        self._numbers = collections.defaultdict(list)  # of each device: those that were stored
        self._adopted = collections.Counter(each.device for each in ledger.uploads if each.adopted)
        for upload in ledger.uploads:
            if upload.answer == STORED or self._by_sha.get(upload.sha256):
                self._numbers[upload.device].append(upload.number)

    def _broken(self, upload, what):
        self._verdict.broken.append(f"{upload.device} {upload.number}: {what}")

    def upload(self, upload):
        """Judge what is there of one picture."""
        rows = self._by_sha.get(upload.sha256, ())
        objects = self._by_md5.get(upload.md5, ())
        if len(rows) > 1 or len(objects) > 1:
            self._broken(upload, f"there {len(rows)} times as row, {len(objects)} as object")
        if upload.answer == STORED:
            self._verdict.stored += 1
            self._stored(upload, rows, objects)
        elif upload.answer in UNCLEAR:
            self._verdict.unanswered += 1
            self._verdict.kept_unanswered += bool(rows)
        else:
            self._verdict.refused += upload.answer != UNSENT
            if rows or objects:
                self._broken(upload, f"refused with {upload.answer}, and there")

    def _stored(self, upload, rows, objects):
        row = self._by_name.get(upload.name)
        if not rows and not objects:
            if self._is_due(upload):
                self._verdict.deleted += 1
            else:
                self._broken(upload, f"answered as stored, and gone: {upload.name}")
            return
        if row is not None and row.deleting and not self._ended and self._is_due(upload):
            self._verdict.deleted += 1
            return
        if upload.name not in self._found.objects:
            self._broken(upload, f"answered as stored, no object {upload.name}")
        elif upload.name not in objects:
            self._broken(upload, f"answered as stored, other bytes in {upload.name}")
        if row is None:
            self._broken(upload, f"answered as stored, no row {upload.name}")
        elif (row.sha256, row.size, row.device) != (upload.sha256, upload.size, upload.device):
            self._broken(upload, f"answered as stored, a row of something else: {row}")
        elif row.deleting:
            self._broken(upload, f"answered as stored, and being deleted: {upload.name}")

    def _is_due(self, upload):
        # To be deleted: so many came behind it, or became known only then.
        if self._keep is None:
            return False
        newer = [number for number in self._numbers[upload.device] if number > upload.number]
        return len(newer) + self._adopted[upload.device] >= self._keep

    def strangers(self):
        """Judge that nothing is there that nobody sent."""
        shas = {upload.sha256 for upload in self._ledger.uploads}
        md5s = {upload.md5 for upload in self._ledger.uploads}
        for row in self._found.rows:
            if row.sha256 not in shas:
                self._verdict.broken.append(f"a row of what nobody sent: {row}")
        for name, md5 in self._found.objects.items():
            if md5 not in md5s:
                self._verdict.broken.append(f"an object of what nobody sent: {name}")

    def halves(self):
        """Judge objects without rows, and rows without objects."""
        for name in self._found.objects.keys() - self._by_name.keys():
            self._verdict.orphans += 1
            if self._mended:
                self._verdict.broken.append(f"an object without a row: {name}")
        for row in self._found.rows:
            if row.deleting and self._ended:
                self._verdict.broken.append(f"a deletion that has not ended: {row.name}")
            elif row.name not in self._found.objects and not row.deleting:
                self._verdict.broken.append(f"a row without an object: {row.name}")
        if self._keep is not None and self._ended:
            counts = collections.Counter(row.device for row in self._found.rows)
            for device, count in counts.items():
                if count > self._keep:
                    self._verdict.broken.append(f"{device}: {count} pictures are kept")

    def counts(self):
        """Judge that the index has counted right: it deletes by that."""
        counted = dict.fromkeys(self._found.counts, (0, 0))
        for row in self._found.rows:
            if not row.deleting and row.device in counted:
                number, size = counted[row.device]
                counted[row.device] = number + 1, size + row.size
        for device, count in self._found.counts.items():
            if count != counted[device]:
                self._verdict.broken.append(
                    f"{device}: counted {count} (pictures, bytes), there are {counted[device]}"
                )

    def attributes(self):
        """Judge that each device's attribute is its last picture's URL."""
        by_device = collections.defaultdict(list)
        for upload in self._ledger.uploads:
            by_device[upload.device].append(upload)
        for device, uploads in by_device.items():
            found = self._found.attributes.get(device, {}).get("image")
            stored = [upload for upload in uploads if upload.answer == STORED]
            last = max(stored, key=lambda upload: upload.number, default=None)
            if found == (last and last.url):
                continue
            # Or of one without an answer that came behind it.
            row = self._by_name.get(last.name) if last else None
            unclear = [upload for upload in uploads if upload.answer in UNCLEAR]
            rows = [row for each in unclear for row in self._by_sha.get(each.sha256, ())]
            names = {each.name for each in rows if row is None or each.id > row.id}
            if found is None or found.rpartition("/")[2] not in names:
                self._verdict.broken.append(
                    f"{device}: attribute {found}, last picture {last and last.url}"
                )

    def messages(self):
        """Judge that what was taken of reports and events is there, once."""
        by_device = collections.defaultdict(list)
        for message in self._ledger.messages:
            by_device[message.device].append(message)
        for device, messages in by_device.items():
            self._report(device, [each for each in messages if each.kind == "report"])
            self._events(device, [each for each in messages if each.kind == "event"])

    def _report(self, device, reports):
        taken = max((each.number for each in reports if each.answer == STORED), default=None)
        unclear = {
            each.number
            for each in reports
            if each.answer in UNCLEAR and (taken is None or each.number > taken)
        }
        found = self._found.attributes.get(device, {}).get("counter")
        if found != taken and found not in unclear:
            self._verdict.broken.append(f"{device}: counter {found}, last one taken: {taken}")

    def _events(self, device, events):
        counts = collections.Counter(self._found.events.get(device, ()))
        for event in events:
            count = counts.pop(event.number, 0)
            newer = sum(number > event.number for number in self._found.events.get(device, ()))
            if count > 1:
                self._verdict.broken.append(f"{device}: event {event.number} {count} times")
            elif event.answer == STORED and not count and newer < _EVENTS:
                self._verdict.broken.append(f"{device}: event {event.number} was taken, is gone")
            elif event.answer not in (STORED, *UNCLEAR) and count:
                self._verdict.broken.append(
                    f"{device}: event {event.number} was refused, is there"
                )
        for number in counts:
            self._verdict.broken.append(f"{device}: event {number}, which nobody sent")

# One configuration a row: a table of boards over a common base.

import copy
import csv
import io
import re

from thingscam.config.config import ConfigError
from thingscam.util.redact import mask

from . import configfile, textfile
from .errors import ToolError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


# Windows has no files of these names, whatever their ending.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.I)


class FleetError(ToolError):
    """The table cannot be used; `mistakes` lists every one, with its row and column."""

    def __init__(self, path, mistakes):
        self.mistakes = mistakes
        # One in one line, as ConfigError has it.
        head = ["{}: {} mistakes".format(path, len(mistakes)), *mistakes]
        one = len(mistakes) == 1
        super().__init__("{}: {}".format(path, mistakes[0]) if one else "\n  ".join(head))


def read(path, base):
    """Return {name: what its config.json holds} for the table `path` (CSV, UTF-8).

    The first row names the columns: `name`, and settings such as cloud.access_token. An
    empty cell leaves the value of `base` as it is. A row is named by the line it ends on.

    Raises FleetError with every mistake of every row.
    """
    try:
        text = textfile.read(path)
    except OSError as e:
        raise FleetError(path, ["cannot be read: {}".format(e.strerror)]) from e
    except textfile.TextError:
        raise FleetError(path, ["not UTF-8: save it as CSV UTF-8"]) from None
    head = text.split("\n", 1)[0]
    # Spreadsheets of half of Europe write semicolons.
    mark = ";" if ";" in head and "," not in head else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as e:
        raise FleetError(path, ["line {}: {}".format(reader.line_num, e)]) from None
    columns = [cell.strip() for cell in rows[0][1]] if rows else []
    mistakes = _columns(columns)
    if len(rows) == 1:
        mistakes.append("no row below the names of the columns")
    if mistakes:
        raise FleetError(path, mistakes)
    return _boards(path, columns, rows[1:], base)


def _columns(columns):
    mistakes = []
    if "name" not in columns:
        mistakes.append("row 1: no column called name: it names each board's file")
    for number, column in enumerate(columns, 1):
        first = columns.index(column) + 1
        if first != number:
            mistakes.append("row 1: column {} is the same as column {}".format(number, first))
        elif column != "name":
            try:
                configfile.describe(column)
            except configfile.SettingError as e:
                mistakes.append("row 1, column {}: {}".format(number, e))
    return mistakes


def _boards(path, columns, rows, base):
    boards, mistakes, seen, secrets = {}, [], {}, []
    for line, row in rows:
        cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
        name = cells.pop("name", "")
        found = [] if len(row) <= len(columns) else ["more cells than columns"]
        if not _NAME.fullmatch(name):
            found.append("name: must be letters, digits, dot, hyphen, underscore")
        elif _DEVICE.fullmatch(name):
            found.append("name: no file can be called so on Windows: choose another")
        elif name.lower() in seen:
            found.append("name: the same as in row {}".format(seen[name.lower()]))
        seen[name.lower()] = line
        data, wrong = _board(base, cells, name)
        found += wrong
        secrets += configfile.secrets(data)
        token = ("token", configfile.get(data, "cloud.access_token"))
        if token[1] and token in seen:
            text = "cloud.access_token: the same as in row {}: each board needs its own"
            found.append(text.format(seen[token]))
        seen[token] = line
        # By the row alone: what stands in the column of names may be anything, a token too.
        mistakes += ["row {}: {}".format(line, mistake) for mistake in found]
        boards[name] = data
    if mistakes:
        raise FleetError(path, [mask(mistake, secrets) for mistake in mistakes])
    return boards


def _board(base, cells, name):
    data = copy.deepcopy(base)
    try:
        for column, cell in cells.items():
            if cell:
                configfile.put(data, column, cell)
        configfile.check(data, name)
    except configfile.SettingError as e:
        return data, [str(e)]
    except ConfigError as e:
        return data, e.mistakes
    return data, []

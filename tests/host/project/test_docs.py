# The pages say what is true: links, files, settings, verbs, boards, log lines, pictures.

import ast
import json
import re
import tomllib
import xml.etree.ElementTree as ElementTree

import click
import pytest

from docs import api
from docs.draw.__main__ import PICTURES
from tests.support import pages
from tests.support.world import ROOT
from thingscam import led
from thingscam.board import places, profiles, rtc
from thingscam.config import schema
from tools.__main__ import main as tools

LIB = ROOT / "lib" / "thingscam"
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md")] + [
    page
    for folder in ("docs", "firmware", "tests", "tools")
    for page in (ROOT / folder).rglob("*.md")
]
CHIPS = {"esp32": "ESP32", "esp32s3": "ESP32-S3", None: "any"}
# A line of the board's console in a page; what it says is behind the level.
LINE = re.compile(r"^    (?:INFO|WARNING|ERROR|STOPPED|SAFE MODE:) (.*)", re.M)
VERB = r"(?:python\s+-m\s+tools|(?:`|^    )thingscam)"  # by which a page runs one
LEAST_LETTERS = 10  # of a text in the code to be recognised by

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def read(path):
    return path.read_text("utf-8")


def prose(page):
    """Return a page's text without its blocks of code."""
    return re.sub(r"^```.*?^```|^    .*?$", "", read(page), flags=re.M | re.S)


def rows(page, heading):
    """Return the cells of the table below a heading, by row, without its two first lines."""
    text = read(page).split("\n## " + heading + "\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]
    assert len(cells) > 2, "no table below " + heading
    return cells[2:]


def code(cell):
    """Return what stands in a cell's first backticks, else the cell."""
    found = re.match(r"`([^`]*)`", cell)
    return found[1] if found else cell


@every_page
def test_links_lead_somewhere(page):
    wrong = []
    for target in re.findall(r"]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in pages.slugs(read(goal))):
            wrong.append(target)
    assert not wrong


@every_page
def test_verbs_and_options_exist(page):
    wrong = []
    for verb, rest in re.findall(VERB + r"\s+([a-z]+)([^`\n]*)", read(page), re.M):
        command = tools.get_command(click.Context(tools), verb)
        if command is None:
            wrong.append(verb)
            continue
        options = {
            name
            for each in (command, *getattr(command, "commands", {}).values())
            for param in each.params
            for name in param.opts + param.secondary_opts
        }
        wrong += [
            verb + " " + name
            for name in re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest)
            if name not in options | {"-h", "--help"}
        ]
    assert not wrong


def test_extras_that_pages_name_exist():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    named = {extra for page in PAGES for extra in re.findall(r"thingscam\[(\w+)\]", read(page))}
    assert {"board", "cloud"} <= named <= set(extras)


def test_code_that_a_page_names_is_there():
    """Where the pages say how it is made; the ledger names others' files."""
    there = ["/" + p.relative_to(ROOT).as_posix() for p in ROOT.glob("[!.]*/**/*.py")]
    there += ["/" + p.name for p in ROOT.glob("*.py")]
    named = {
        name
        for page in PAGES
        if page.name not in ("CHANGELOG.md", "fidelity.md")
        for name in re.findall(r"`([\w/]+\.py)`", read(page))
    }
    assert len(named) > 40
    assert not [name for name in named if not any(path.endswith("/" + name) for path in there)]


def test_architecture_names_every_file():
    named = [code(row[0]) for row in rows(DOCS / "architecture.md", "The files")]
    assert sorted(named) == sorted(path.relative_to(LIB).as_posix() for path in LIB.rglob("*.py"))


def test_architecture_orders_files_by_their_imports():
    order = [
        code(row[0])[:-3].replace("/", ".") for row in rows(DOCS / "architecture.md", "The files")
    ]
    wrong = []
    for path in LIB.rglob("*.py"):
        stem = path.relative_to(LIB).with_suffix("").as_posix().replace("/", ".")
        for node in ast.walk(ast.parse(read(path))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(
                "thingscam"
            ):
                continue
            module = node.module.partition(".")[2]
            inner = [".".join(filter(None, (module, each.name))) for each in node.names]
            inner = [name for name in inner if name in order] or [module]
            for name in inner:
                name = name if name in order else (name + ".__init__").lstrip(".")
                if order.index(name) < order.index(stem):
                    wrong.append("{} imports {}".format(stem, name))
    assert not wrong


# What a room may import of the others. http and outbox are of use alone; the rest is
# held by the order above.
ARROWS = {"http": {"util"}, "image": {"util"}, "outbox": {"util"}, "util": {"board"}}


@pytest.mark.parametrize("room", ARROWS)
def test_rooms_know_only_what_they_may(room):
    found = {
        name
        for path in (LIB / room).rglob("*.py")
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in re.findall(r"thingscam\.(\w+)", ast.unparse(node))
    }
    assert found - {room} <= ARROWS[room]


# By the board.
OTHER_DEFAULTS = {
    "pir_pin": "the board's own",
    "frame_size": '`"SVGA"`, without PSRAM `"CIF"`',
    "device_endpoint": "none",
    "password": '`""`',
    "pin": "the board's own",
}


def test_readme_has_every_setting_with_its_default():
    table = {code(row[0]): row[1] for row in rows(ROOT / "README.md", "Configuration")}
    assert code(table.pop("wifi")) == "[]"
    expected = {
        "{}.{}".format(section, key): "needed"
        if default == schema.NEEDED
        else OTHER_DEFAULTS[key]
        if default in (-1, "")
        else "`{}`".format(json.dumps(default))
        for section, keys in schema.sections()
        for key, _, default, _ in keys
    }
    assert table == expected


def test_board_table_is_that_of_the_code():
    table = {code(row[0]): row[1:6] for row in rows(DOCS / "board.md", "Boards")}
    expected = {}
    for name in profiles.names():
        profile = profiles.find(name)
        pins = ["none" if n is None else str(n) for n in (profile.led, profile.light, profile.pir)]
        expected[name] = [CHIPS[profile.chip], "yes" if profile.psram else "no", *pins]
    assert table == expected


def test_rtc_table_is_that_of_the_code():
    table = {
        code(row[0]): (int(row[1]), int(row[2]))
        for row in rows(DOCS / "architecture.md", "RTC memory")
    }
    found = {
        name: place
        for module in (rtc, places)
        for name, place in vars(module).items()
        if name.isupper() and isinstance(place, tuple) and name[0] != "_"
    }
    assert table == found
    end = 0
    for offset, size in sorted(found.values()):
        assert offset >= end, "two places overlap"
        end = offset + size + 4


def test_led_table_has_every_pattern():
    lines = [line.split("|") for line in read(DOCS / "leds.md").splitlines() if line[:1] == "|"]
    named = {cells[2].strip() for cells in lines[2:]} - {""}
    assert named == set(led.PATTERNS)


def texts():
    """Return the texts of the device code as patterns, a value in them standing for anything."""
    found = []
    for path in [*LIB.rglob("*.py"), ROOT / "boot.py", ROOT / "main.py"]:
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                parts = re.split(r"%[sd]|\{[^{}]*\}", node.value)
                if sum(char.isalpha() for part in parts for char in part) >= LEAST_LETTERS:
                    found.append(re.compile(".*".join(map(re.escape, parts))))
    return found


FIDELITY = DOCS / "fidelity.md"
SOURCE = re.compile(r"`[\w./+-]+`.*(v?\d+\.\d|[0-9a-f]{7}|rev|head|data sheet)", re.I)


def facts():
    """Return the ledger: (fact, relied on in, source, played by, held by, not shown)."""
    found = []
    for part in read(FIDELITY).split("\n## ")[1:]:
        found += rows(FIDELITY, part.split("\n")[0])
    return found


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_each_fact_has_source_player_and_test():
    wrong = []
    for row in facts():
        fact, relied, source, played, held, _ = row
        paths = [LIB / name for name in names(relied)]
        paths += [
            ROOT / "tests" / "support" / "device" / "fakeboard.py"
            if name == "fakeboard"
            else ROOT / "tools" / "virtualboard" / name
            for name in names(played)
        ]
        wrong += ["{}: no {}".format(fact, path) for path in paths if not path.exists()]
        if not SOURCE.search(source):
            wrong.append("{}: no source with file and version".format(fact))
        for test in names(held):
            file, _, name = test.partition("::")
            path = ROOT / "tests" / file
            if not path.exists() or "def {}(".format(name) not in read(path):
                wrong.append("{}: no test {}".format(fact, test))
        if not names(held) and not row[5]:
            wrong.append("{}: neither held by a test nor said not to be shown".format(fact))
    assert not wrong


def test_quoted_log_lines_are_those_of_the_code():
    known = texts()
    lines = [line for page in PAGES for line in LINE.findall(read(page)) if page.parent == DOCS]
    assert len(lines) > 20
    assert not [line for line in lines if not any(text.search(line) for text in known)]


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.svg")), ids=lambda path: path.name)
def test_pictures_are_whole_and_described(path):
    top = ElementTree.fromstring(read(path))
    names = [child.tag.rpartition("}")[2] for child in top]
    assert top.tag == "{http://www.w3.org/2000/svg}svg"
    assert names[:2] == ["title", "desc"]
    assert all(top[n].text for n in range(2))


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_as_drawn(name):
    assert read(DOCS / name) == PICTURES[name](), "python -m docs.draw draws them anew"


def test_api_page_has_the_docstrings_of_the_code():
    assert read(DOCS / "api.md") == api.page(), "python -m docs.api writes it anew"


def test_pictures_name_only_files_there_are():
    """In the picture of the architecture a word in bold is a file, a room, or several."""
    top = ElementTree.fromstring(read(DOCS / "architecture.svg"))
    bold = [
        each.text or ""
        for each in top.iter("{http://www.w3.org/2000/svg}text")
        if each.get("font-weight") == "700"
    ]
    words = {word for text in bold for word in re.split(r"[ ,]+", text)}
    title = {"The", "way", "of", "a", "picture", "image", "service"}
    assert words - title <= {path.stem for path in LIB.rglob("*")}

# The Chinese pages say what the English ones say: headings, commands, settings, numbers, log lines
# and links are compared, section by section.

import re

import pytest

from tests.support import pages
from tests.support.world import ROOT

PAGES = (
    "README.md",
    "docs/board.md",
    "docs/setup.md",
    "docs/troubleshooting.md",
    "docs/secrets.md",
)
BLOCK = re.compile(r"^```.*?^```|^ {4,}(?![-*] |\d\. ).*?$", re.M | re.S)
CODE = re.compile(r"`[^`]+`")
LINK = re.compile(r"]\(([^)\s]+)\)")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def chinese(page):
    return page.replace(".md", ".zh-CN.md")


def sections(text):
    """Return a page's sections, as (level, text), the head before the first heading left out."""
    plain = re.sub(
        r"^```.*?^```", lambda found: found[0].replace("#", " "), text, flags=re.M | re.S
    )
    at = [found.start() for found in re.finditer(r"^#+ ", plain, re.M)]
    bounds = [*at, len(text)]
    return [
        (len(re.match(r"#+", text[begin:])[0]), text[begin:end])
        for begin, end in zip(bounds, bounds[1:], strict=False)
    ]


def commands(text):
    """Return the lines of a section's blocks of code; what is said behind one is left off."""
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    return [re.split(r"(?<=\S) {4,}", line.strip())[0] for line in lines]


def targets(text, page, heading):
    """Return a section's link targets; an anchor by the number of its heading, for it has another
    name in another language."""
    found = []
    for target in LINK.findall(BLOCK.sub("", text)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            found.append(target)
            continue
        goal = (ROOT / page).parent.joinpath(path).resolve() if path else ROOT / page
        name = goal.relative_to(ROOT).as_posix().replace(".zh-CN.md", ".md")
        found.append("{}#{}".format(name, heading(goal, anchor) if anchor else ""))
    return sorted(found)


def numbers(text):
    return sorted(NUMBER.findall(CODE.sub("", LINK.sub("]", BLOCK.sub("", text)))))


def rows(text):
    """Return what is the same in each row of a section's tables, whatever the language."""
    lines = [line for line in text.splitlines() if line.lstrip().startswith("|")]
    return [(line.count("|"), sorted(CODE.findall(line)), numbers(line)) for line in lines]


def heading(goal, anchor):
    return pages.slugs(goal.read_text("utf-8")).index(anchor)


def differences(english, translated, page):
    """Return how two texts of a `page` differ, in words."""
    ours, theirs = sections(english), sections(translated)
    if [level for level, _ in ours] != [level for level, _ in theirs]:
        return ["headings: {} and {}".format(len(ours), len(theirs))]
    found = []
    for (_, one), (_, other) in zip(ours, theirs, strict=True):
        title = one.splitlines()[0]
        for what, pair in {
            "commands and log lines": (commands(one), commands(other)),
            "rows of tables": (rows(one), rows(other)),
            "code": (sorted(CODE.findall(plain(one))), sorted(CODE.findall(plain(other)))),
            "numbers": (set(numbers(one)), set(numbers(other))),
            "points of lists": (points(one), points(other)),
            "links": (targets(one, page, heading), targets(other, chinese(page), heading)),
        }.items():
            if pair[0] != pair[1]:
                found.append("{}: {}: {}".format(title, what, odd(*pair)))
    return found


def plain(text):
    return re.sub(r"\s+", " ", BLOCK.sub("", text))


def points(text):
    return len(re.findall(r"^ *(?:-|\d\.) ", BLOCK.sub("", text), re.M))


def odd(ours, theirs):
    if isinstance(ours, int):
        return "{} and {}".format(ours, theirs)
    ours, theirs = list(ours), list(theirs)
    missing = [each for each in ours if ours.count(each) > theirs.count(each)]
    more = [each for each in theirs if theirs.count(each) > ours.count(each)]
    return "missing in Chinese {}, only there {}".format(missing, more)


@pytest.mark.parametrize("page", PAGES)
def test_a_chinese_page_is_in_step(page):
    english = (ROOT / page).read_text("utf-8")
    translated = (ROOT / chinese(page)).read_text("utf-8")
    # Each leads to the other above all else, and no more is taken for its text.
    name = page.rpartition("/")[2]
    assert "[简体中文]({})".format(chinese(name)) in english[:300]
    assert "[English]({})".format(name) in translated[:300]
    english = english.replace("[简体中文]({})".format(chinese(name)), "", 1)
    translated = translated.replace("[English]({})".format(name), "", 1)
    assert differences(english, translated, page) == []


@pytest.mark.parametrize(
    "line, what",
    [
        ("### One more", "headings"),
        ("    thingscam logs PORT", "commands"),
        ("    INFO start: thingscam", "log lines"),
        ("| `cloud.ca` | 13 |", "rows"),
        ("- a point", "points"),
        ("It is `cloud.ca`.", "code"),
        ("It takes 7 days.", "numbers"),
        ("[more](https://example.com)", "links"),
    ],
)
def test_what_is_said_on_one_side_only_is_found(line, what):
    text = "# Title\n\nSome words.\n\n"
    found = differences(text, text + line + "\n", "README.md")
    assert found and what in found[0], found
    assert differences(text + line + "\n", text, "README.md")
    assert differences(text, text.replace("Some words", "几个字"), "README.md") == []

# The language in which a verb speaks: English, or Chinese where the person's computer is Chinese
# and the console can show it. Texts are English in all the code, a board's too, and are put into
# Chinese as they are shown, by the catalogue.

import functools
import locale
import os
import re
import sys

import click

from .texts_zh import TEXTS

_CHINESE = "简体中文"  # what a console must be able to show
_ENVIRONMENT = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts, as POSIX has it
_GAP = re.compile(r"\{\d*\}")
_HEAD = re.compile(r"(\S+|row \d+(?:, column \d+)?): (.+)")
_TAIL = re.compile(r"(.+) \((.+)\)")
_LEAST_LETTERS = 6  # in a text by which sentences are recognised between its values

_is_chinese = False


def option(command):
    """Give a click command the option --lang, and the language that it or the computer names."""
    return click.option(
        "--lang",
        type=click.Choice(["en", "zh"]),
        callback=_choose,
        expose_value=False,
        is_eager=True,
        help="Speak English or Chinese. [default: by LC_ALL or LANG]",
    )(command)


def use(name):
    """Speak the language `name`, "zh" or "en"; English where the console cannot show Chinese."""
    global _is_chinese
    _is_chinese = name == "zh" and all(map(_shows_chinese, (sys.stdout, sys.stderr)))


def said(text):
    """Return `text`, which the tools or a board say in English, in the language in use.

    Values in it stay as they are, and so does all that the catalogue does not know.
    """
    text = str(text)
    return in_chinese(text) if _is_chinese else text


def in_chinese(text):
    """Return `text` (English) in Chinese, what is not in the catalogue as it is."""
    if text in TEXTS:
        return TEXTS[text]
    head = _HEAD.fullmatch(text)
    if head and head[2] in TEXTS:
        return "{}: {}".format(in_chinese(head[1]), TEXTS[head[2]])
    if "\n" in text:
        return "\n".join(_line(line) for line in text.split("\n"))
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return _filled(chinese, found.groups())
    tail = _TAIL.fullmatch(text)
    if tail:
        return "{} ({})".format(*map(_value, tail.groups()))
    if head:
        return "{}: {}".format(_value(head[1]), in_chinese(head[2]))
    return text


def _line(line):
    plain = line.lstrip()
    return line[: len(line) - len(plain)] + in_chinese(plain)


@functools.cache
def _patterns():
    # Each text with values in it as (pattern, Chinese), those with most of their own first.
    def own(text):
        return len("".join(_GAP.split(text)))

    found = []
    for text in sorted((text for text in TEXTS if _GAP.search(text)), key=own, reverse=True):
        gap = "(.*?)" if own(text) >= _LEAST_LETTERS else r"(\S+)"
        parts = map(re.escape, _GAP.split(text))
        found.append((re.compile(gap.join(parts), re.S), TEXTS[text]))
    return found


def _filled(chinese, values):
    rest = iter(values)

    def put(gap):
        number = gap[0][1:-1]
        return _value(values[int(number)] if number else next(rest))

    return _GAP.sub(put, chinese)


def _value(text):
    # A word may be a name, whatever the catalogue has for it; a sentence is one of ours.
    return in_chinese(text) if " " in text else text


def _choose(_context, _parameter, name):
    use(name or _computers())


def _computers():
    name = next(filter(None, map(os.environ.get, _ENVIRONMENT)), None)
    if name is None and os.name == "nt":  # "Chinese (Simplified)_China" there
        name = locale.getlocale()[0]
    return "zh" if (name or "").lower().startswith(("zh", "chinese")) else "en"


def _shows_chinese(stream):
    try:
        _CHINESE.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True

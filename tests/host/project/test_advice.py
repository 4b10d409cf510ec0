# Advice never leads to a command that fails: each command of ours that a message, a log line or a
# page names is one that the tools' own parser takes.

import ast
import contextlib
import io
import re
import shlex

import click
import pytest

from tests.support.world import ROOT
from tools.__main__ import main

PAGES = [
    path
    for folder in (".", "docs", "docs/results", "firmware", "tools", ".github")
    for path in sorted((ROOT / folder).rglob("*.md") if folder != "." else ROOT.glob("*.md"))
]
SOURCES = [*sorted((ROOT / "lib").rglob("*.py")), *sorted((ROOT / "tools").rglob("*.py"))]
# In a sentence a command ends where one of these comes.
COMMAND = re.compile(r"python -m tools ([a-z][^`,:;()\n\"\u2000-\uffff]*)")
SHOWN = re.compile(r"(?:python -m tools|^thingscam) ([a-z].*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
# Those of other programs.
OTHERS = {"--cacert", "--data-binary", "--disable-pip-version-check", "--index", "--porcelain"}


def texts(path):
    """The texts (str constants) of a source, and whether each is a docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def in_sources():
    for path in SOURCES:
        for line, text in texts(path):
            for found in COMMAND.finditer(text):
                yield "{}:{}".format(path.relative_to(ROOT), line), found[1]


def in_pages():
    for path in PAGES:
        name = path.relative_to(ROOT)
        text = re.sub(r" *\\\n *", " ", path.read_text("utf-8"))  # a long one goes on there
        for number, line in enumerate(text.split("\n"), 1):
            if line.startswith("    "):
                found = SHOWN.search(line.strip())
                if found:
                    # What stands behind two blanks is said of it.
                    yield "{}:{}".format(name, number), re.split(" +# |   *", found[1])[0]
        for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", text):
            found = SHOWN.search(code.replace("\n", " "))
            # A verb alone names it; it is nothing to be typed.
            if found and (" " in found[1] or found[1] not in main.list_commands(None)):
                yield "{}: `{}`".format(name, code), found[1]


def words(text):
    """The words of a command, something in the place of what is to be filled in."""
    text = re.sub(r"\{\d?\}", "X", text).replace("<", "").replace(">", "")
    found = shlex.split(text, comments=False)
    return found[: found.index("&")] if "&" in found else found


@pytest.mark.parametrize("collect", [in_sources, in_pages])
def test_each_command_that_is_named_is_one(collect, tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    wrong, count = [], 0
    for where, text in collect():
        count += 1
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                verb, command, rest = main.resolve_command(click.Context(main), words(text))
                command.make_context(verb, list(rest), parent=click.Context(main))
        except click.exceptions.Exit:  # --help
            pass
        except (click.UsageError, ValueError) as e:
            wrong.append("{}: {}: {}".format(where, text, getattr(e, "message", e)))
    assert not wrong, "\n".join(wrong)
    assert count > 10


def test_each_option_that_is_named_is_one():
    known = {"--help", *OTHERS}
    for name in main.list_commands(click.Context(main)):
        verb = main.get_command(click.Context(main), name)
        for each in (verb, *getattr(verb, "commands", {}).values()):
            for parameter in each.params:
                known.update((*parameter.opts, *parameter.secondary_opts))
    wrong = []
    for path in SOURCES:
        if (ROOT / "tools") in path.parents:
            for line, text in texts(path):
                for option in set(OPTION.findall(text)) - known:
                    wrong.append("{}:{}: {}".format(path.relative_to(ROOT), line, option))
    assert not wrong, "\n".join(wrong)

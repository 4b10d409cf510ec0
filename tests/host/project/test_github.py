# What GitHub reads: workflows, forms, hooks. They name only what there is.

import json
import re
import shlex
import tomllib

import click
import pytest
import yaml

from tests.host.project.test_docs import code, rows
from tests.support.world import ROOT
from thingscam.board import profiles as boards
from tools.__main__ import main as tools

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [
    path for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if path.stem != "config"
]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
BOARDS = json.loads((ROOT / "firmware" / "boards.json").read_text())["boards"]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
PINS = dict(
    line.split("==")
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if "==" in line
)


def load(path):
    return yaml.safe_load(path.read_text("utf-8"))


def commands(job):
    """Return the commands of a job, one for each value of its matrix."""
    matrix = job.get("strategy", {}).get("matrix", {})
    for step in job["steps"]:
        lines = [step["run"]] if "run" in step else []
        for name, values in matrix.items():
            hole = "${{ matrix.%s }}" % name
            lines = [line.replace(hole, value) for line in lines for value in values]
        yield from lines


def missing(command):
    """Return what a command names and the project has not, as far as it is the project's."""
    words = shlex.split(command)
    if words[0] == "make" and words[1] != "-C":
        return set(words[1:]) - TARGETS
    if words[0] == "thingscam":
        named = words[1] == "--version" or tools.get_command(click.Context(tools), words[1])
        return set() if named else {words[1]}
    if words[:3] == ["python", "-m", "pip"]:
        return {words[-1]} - {".[{}]".format(extra) for extra in EXTRAS}
    if words[0].endswith("python") and words[1:3] == ["-m", "pytest"]:
        return {word for word in words[3:] if not (ROOT / word).exists()}
    if words[0] == "firmware/build.sh":
        return set(words[1:]) - set(BOARDS)
    outside = (["sudo", "apt-get"], ["make", "-C"], ["pipx", "run"], ["pipx", "install"])
    return set() if words[:2] in outside else {command}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_what_there_is(path):
    flow = load(path)
    assert flow["permissions"] == {"contents": "read"}
    for job in flow["jobs"].values():
        machines = job.get("strategy", {}).get("matrix", {}).get("os", ["ubuntu-24.04"])
        assert job["timeout-minutes"] and job["runs-on"] in (*machines, "${{ matrix.os }}")
        found = list(commands(job))
        assert found and not [command for command in found if missing(command)]
        for step in job["steps"]:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/none@v1"))


def test_the_firmware_is_built_for_every_board_in_the_container_of_the_script():
    job = load(GITHUB / "workflows" / "firmware.yml")["jobs"]["build"]
    assert job["strategy"]["matrix"]["board"] == list(BOARDS)
    script = (ROOT / "firmware" / "build.sh").read_text()
    assert job["container"] == "espressif/idf:" + re.search(r"^IDF=(.*)", script, re.M)[1]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_forms_are_as_github_takes_them(path):
    form = load(path)
    assert form["name"] and form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids)
    assert {"board", "driver", "firmware", "versions", "doctor"} <= set(ids)
    assert all(field["attributes"]["label"] for field in fields)
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown"}
    options = fields[ids.index("board")]["attributes"]["options"]
    assert options[: len(boards.names())] == boards.names()
    verbs = re.findall(r"thingscam ([a-z]+) (?:-|PORT)", path.read_text("utf-8"))
    assert len(verbs) > 0
    for verb in verbs:
        assert tools.get_command(click.Context(tools), verb)


def test_every_board_has_a_row_to_be_reported_in():
    table = [code(row[0]) for row in rows(ROOT / "docs" / "board.md", "Tried on")]
    assert table == boards.names()


def test_hooks_run_the_versions_that_the_tests_run():
    hooks = {
        repo["repo"].split("/")[-1]: repo
        for repo in load(ROOT / ".pre-commit-config.yaml")["repos"]
    }
    assert hooks["ruff-pre-commit"]["rev"] == "v" + PINS["ruff"]
    lint = load(GITHUB / "workflows" / "ci.yml")["jobs"]["lint"]
    version = hooks["codespell"]["rev"].removeprefix("v")
    assert "pipx run codespell==" + version in commands(lint)

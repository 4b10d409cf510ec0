# How the code is written: ruff over all of it, pyright over device code and tools.

import ast
import json
import pathlib
import re
import subprocess
import sys
import sysconfig

import pytest

from tests.support.world import ROOT

BIN = pathlib.Path(sys.executable).parent
STUBS = sysconfig.get_path("purelib")
FUNCTION_LINES = 60


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


def test_ruff_format():
    run(BIN / "ruff", "format", "--check", ".")


def test_ruff_lint():
    run(BIN / "ruff", "check", ".")


def test_device_types(tmp_path):
    """The device code against the ESP32's stubs: CPython's modules must not leak in."""
    settings = {
        "include": [str(ROOT / "lib"), str(ROOT / "boot.py"), str(ROOT / "main.py")],
        "extraPaths": [str(ROOT / "lib"), str(ROOT / "tests" / "support" / "stubs")],
        "typeshedPath": STUBS,
        "stubPath": STUBS,
        "pythonVersion": "3.11",
        "typeCheckingMode": "standard",
        # Modules that a machine may lack are None there; each use is guarded.
        "reportOptionalMemberAccess": False,
    }
    path = tmp_path / "pyrightconfig.json"
    path.write_text(json.dumps(settings))
    run(BIN / "basedpyright", "--level", "error", "-p", path)


def test_tool_types(tmp_path):
    settings = {
        "include": [str(ROOT / "tools")],
        # Programs of the board: MicroPython's modules are not CPython's.
        "exclude": [
            str(ROOT / "tools" / "virtualboard" / "device"),
            str(ROOT / "tools" / "cli" / "doctor" / "device.py"),
            str(ROOT / "tools" / "cli" / "doctor" / "wired.py"),
            str(ROOT / "tools" / "bench" / "device"),
        ],
        "extraPaths": [str(ROOT), str(ROOT / "lib")],
        "pythonVersion": "3.11",
        "typeCheckingMode": "standard",
        "venvPath": str(BIN.parent.parent),
        "venv": BIN.parent.name,
    }
    path = tmp_path / "pyrightconfig.json"
    path.write_text(json.dumps(settings))
    run(BIN / "basedpyright", "--level", "error", "-p", path)


CODE = [path for folder in ("lib", "tools") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_a_header_line_says_what_a_file_is_for():
    assert not [path for path in CODE if not path.read_text().startswith("# ")]


def test_no_two_files_of_tests_have_one_name():
    """pytest takes modules in folders without __init__.py for the same one then."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert {name for name in names if names.count(name) > 1} == set()


def test_functions_stay_small():
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    assert not [
        "{}: {}".format(path, node.name)
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, kinds) and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    ]


def test_tools_import_their_neighbours_relatively():
    """Installed they have another name: `from ..host import`, not `from tools.host import`."""
    found = [
        "{}:{}".format(path.relative_to(ROOT), node.lineno)
        for path in (ROOT / "tools").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.ImportFrom) and re.match(r"tools\b", node.module or ""))
        or (isinstance(node, ast.Import) and any(each.name[:5] == "tools" for each in node.names))
    ]
    assert not found


def _is_without_encoding(node):
    # A call that reads or writes text in the computer's own encoding.
    named = {word.arg: ast.unparse(word.value) for word in node.keywords}
    mode = ast.unparse(node.args[1]) if len(node.args) > 1 else named.get("mode", "")
    match node.func:
        case ast.Name(id="open") | ast.Attribute(value=ast.Name(id="os"), attr="fdopen"):
            return "b" not in mode and "encoding" not in named
        case ast.Attribute(attr="read_text"):
            return not node.args and "encoding" not in named
        case ast.Attribute(attr="write_text"):
            return len(node.args) < 2 and "encoding" not in named
        case ast.Attribute(value=ast.Name(id="subprocess")):
            return "text" in named and "encoding" not in named
    return False


def test_tools_name_the_encoding_of_what_they_read_and_write():
    """It is cp1252 or another one on Windows."""
    found = [
        "{}:{}".format(path.relative_to(ROOT), node.lineno)
        for folder in ("cli", "cloud", "demo", "host")
        for path in (ROOT / "tools" / folder).rglob("*.py")
        if path.name not in ("device.py", "wired.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and _is_without_encoding(node)
    ]
    assert not found

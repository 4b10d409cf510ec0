# `python -m docs.api`: writes api.md, the public names of lib/thingscam with their docstrings.

import ast
import inspect
import pathlib

_DOCS = pathlib.Path(__file__).resolve().parent
_LIB = _DOCS.parent / "lib" / "thingscam"

# What programs of others use: heading, module, its names.
_PARTS = (
    ("The app", "app", ("main", "run", "status")),
    ("The configuration", "config.config", ("load", "parse", "Config", "ConfigError")),
    ("The service", "cloud.uploader", ("Uploader", "UploadError")),
    ("", "cloud.errcodes", ("action", "advice")),
    ("", "cloud.interval", ("Interval",)),
    ("", "cloud.backoff", ("Backoff",)),
    ("HTTP", "http.session", ("Session",)),
    ("", "http.response", ("Response",)),
    ("", "http", ("HttpError", "CertificateError", "ResponseError")),
    ("The outbox", "outbox.policy", ("Outbox",)),
    ("", "outbox.record", ("Entry",)),
    ("The camera", "camera.camera", ("Camera",)),
    ("", "camera.drivers", ("start",)),
    ("", "camera", ("CameraError",)),
    ("Pictures", "image.checks", ("check", "measure", "ImageError")),
    ("", "image.exif", ("segment", "Stamped")),
    ("The board", "board.wifi", ("Wifi",)),
    ("", "board.clock", ("Clock",)),
    ("The log", "util.log", ("Log",)),
)

_BEGIN = """# The public names

Written by `python -m docs.api` from the docstrings; do not edit. What each part is for:
[architecture](architecture.md). All of them run under MicroPython and CPython.
"""


def page():
    """Return the page; raises LookupError for a name that is not there or has no docstring."""
    parts = [_BEGIN]
    for heading, module, names in _PARTS:
        if heading:
            parts.append("## {}\n".format(heading))
        for name in names:
            parts += _described(_found("thingscam." + module, name), "thingscam." + module)
    return "\n".join(parts)


def _found(module, name):
    # Where it is defined, or where that module has it from.
    path = _LIB.joinpath(*module.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(path.read_text("utf-8"))
    for node in _definitions(tree):
        if node.name == name:
            return node
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and name in {each.name for each in node.names}:
            return _found(node.module, name)
    raise LookupError("{}: no {}: correct docs/api.py".format(module, name))


def _described(node, module):
    where = "`from {} import {}`".format(module, node.name)
    yield "### {}\n\n{}\n".format(node.name, where)
    if isinstance(node, ast.FunctionDef):
        yield _signature(node) + _text(node)
        return
    methods = {}
    for method in _definitions(node):
        methods.setdefault(method.name, method)  # a property, not its setter
    made = "__init__" in methods and not _is_error(node)
    yield (_signature(methods["__init__"], node.name) if made else "") + _text(node)
    for name, method in methods.items():
        if name[0] != "_" and ast.get_docstring(method):  # without one it is not for others
            yield _signature(method) + _text(method)


def _definitions(node):
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [each for each in node.body if isinstance(each, kinds)]


def _is_error(node):
    # Made by the code that raises it, by nobody else.
    return node.name.endswith("Error")


def _signature(node, name=None):
    arguments = ast.unparse(node.args).removeprefix("self").removeprefix(", ")
    plain = [each for each in node.decorator_list if ast.unparse(each) == "property"]
    shown = "" if plain else "({})".format(arguments)
    return "**`{}{}`**\n\n".format(name or node.name, shown)


def _text(node):
    found = ast.get_docstring(node)
    if not found:
        raise LookupError("{}: no docstring".format(node.name))
    return inspect.cleandoc(found) + "\n"


if __name__ == "__main__":
    (_DOCS / "api.md").write_text(page(), "utf-8")

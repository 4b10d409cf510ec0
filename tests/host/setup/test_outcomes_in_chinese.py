# Whatever a test upload can end with, the Chinese page says in Chinese.

import ast
import re

import pytest

from tests.support.world import ROOT
from thingscam.cloud import advice
from thingscam.cloud.uploader import UploadError
from thingscam.setup import outcome_zh, page, zh

LIB = ROOT / "lib" / "thingscam"
# Whose exceptions and answers are shown, and the calls that say why.
FILES = [
    *(LIB / "http").glob("*.py"),
    *(LIB / "camera").glob("*.py"),
    LIB / "image" / "checks.py",
    LIB / "cloud" / "uploader.py",
    LIB / "setup" / "start.py",
    LIB / "setup" / "trial.py",
]
SAYS = {
    "CameraError", "CertificateError", "HttpError", "ImageError", "MemoryError", "ResponseError",
    "TlsError", "UploadError", "_end", "_error", "_unclear", "say",
}  # fmt: skip
# Of an HTTP client that the page does not use.
NEVER = {
    "this HTTP client does not check certificates: use thingscam.http.session.Session, or set "
    "cloud.verify to false and accept that anyone may read along"
}


def said(text):
    return zh.said(text, outcome_zh.TEXTS)


def texts(node):
    """Return the texts in an argument that have more than a word."""
    found = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return [text for text in found if isinstance(text, str) and re.search("[a-z] [a-z]", text)]


def outcomes():
    """Yield each text that is raised or told in these files, gaps and all."""
    for file in FILES:
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", None))
                if name in SAYS:
                    for argument in node.args:
                        for text in texts(argument):
                            # What the camera raises has more behind it.
                            is_begin = (file.name, name) == ("camera.py", "_error")
                            yield text + " ({}): {}" if is_begin else text
            # A text that is made first, and told then.
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in (
                "text", "advice", "what",
            ):  # fmt: skip
                yield from texts(node.value)


@pytest.mark.parametrize("text", sorted(set(outcomes()) - NEVER))
def test_each_text_of_the_sources_is_known(text):
    values = iter(["SVGA", "80", "70 000", "65"])
    shown = re.sub(r"\{\}", lambda _: next(values), text)
    found = said(shown)
    assert re.search("[\u4e00-\u9fff]", found), found
    # Nothing of the sentence is left but names: of settings, files, functions and protocols.
    assert not re.search("[a-z]{2,} [a-z]{2,} [a-z]{2,}", found), found


@pytest.mark.parametrize("errcode", [*(row[0] for row in advice._TABLE), 9999])
def test_each_errcode_says_what_to_do(errcode):
    error = UploadError("stop", "Words of the service", errcode, 400)
    found = said(str(error))
    assert found.startswith(f"errcode {errcode} Words of the service：")
    assert re.search("[\u4e00-\u9fff]", found.partition("：")[2]), found


@pytest.mark.parametrize("why", ["refused", "absent", "silent"])
def test_each_reason_why_a_wifi_is_not_joined(why):
    english, chinese = page.WHY[why]
    assert said(f"Wi-Fi My Garden: {english}") == f"Wi-Fi My Garden：{chinese}"

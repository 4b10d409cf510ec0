# exif: other people's programs read what a picture tells once it is stamped.

import io
import json
import shutil
import subprocess

import pytest
from PIL import ExifTags, Image, ImageOps

from tests.support.world import ROOT
from thingscam import __version__
from thingscam.image import checks, exif

PHOTOS = sorted((ROOT / "tools" / "virtualboard" / "photos").glob("*.jpg"))
EXIFTOOL = shutil.which("exiftool")


def stamped(data, captured_at=1700000000, cause="pir", model="ai-thinker", rotate=0):
    picture = exif.Stamped(data, exif.segment(captured_at, cause, model, rotate))
    found = bytearray(picture.seek(0, 2))
    picture.seek(0)
    assert picture.readinto(found) == len(found)
    return bytes(found)


def encoded(**options):
    data = io.BytesIO()
    Image.effect_noise((64, 48), 50).save(data, "JPEG", **options)
    return data.getvalue()


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.name)
def test_pillow_reads_it(path):
    data = path.read_bytes()
    found = stamped(data)
    assert checks.check(found) == "jpeg"
    with Image.open(io.BytesIO(found)) as after, Image.open(io.BytesIO(data)) as before:
        assert after.tobytes() == before.tobytes()
        tags = after.getexif()
        inner = tags.get_ifd(ExifTags.IFD.Exif)
    assert tags[ExifTags.Base.ImageDescription] == "pir"
    assert tags[ExifTags.Base.Model] == "ai-thinker"
    assert tags[ExifTags.Base.Software] == "thingscam " + __version__
    assert inner[ExifTags.Base.DateTimeOriginal] == "2023:11:14 22:13:20"
    assert inner[ExifTags.Base.OffsetTimeOriginal] == "+00:00"
    assert inner[ExifTags.Base.ExifVersion] == b"0232"


@pytest.mark.parametrize("rotate, angle", [(0, 0), (90, 270), (180, 0), (270, 90)])
def test_pillow_turns_it_as_told(rotate, angle):
    data = PHOTOS[0].read_bytes()
    with (
        Image.open(io.BytesIO(stamped(data, rotate=rotate))) as found,
        Image.open(io.BytesIO(data)) as before,
    ):
        turned = ImageOps.exif_transpose(found)
        # Pillow's angles go the other way round.
        assert turned.tobytes() == before.rotate(angle, expand=True).tobytes()


@pytest.mark.skipif(EXIFTOOL is None, reason="needs exiftool (Debian: libimage-exiftool-perl)")
def test_exiftool_reads_how_it_is_turned(tmp_path):
    file = tmp_path / "turned.jpg"
    for rotate, text in ((90, "Rotate 90 CW"), (270, "Rotate 270 CW")):
        file.write_bytes(stamped(PHOTOS[0].read_bytes(), rotate=rotate))
        done = subprocess.run(
            [EXIFTOOL, "-json", str(file)], capture_output=True, text=True, timeout=60
        )
        (found,) = json.loads(done.stdout)
        assert found["Orientation"] == text and "Warning" not in found


def test_pillow_reads_it_without_a_time():
    with Image.open(io.BytesIO(stamped(encoded(), None))) as picture:
        tags = picture.getexif()
        assert tags[ExifTags.Base.ImageDescription] == "pir"
        assert not tags.get_ifd(ExifTags.IFD.Exif)


def test_pillow_reads_the_notes():
    for captured_at in (1700000000, None):
        with Image.open(io.BytesIO(stamped(encoded(), captured_at, "pir 2/5 low"))) as picture:
            tags = picture.getexif()
            assert tags[ExifTags.Base.ImageDescription] == "pir"
            inner = tags.get_ifd(ExifTags.IFD.Exif)
            assert inner[ExifTags.Base.UserComment] == b"ASCII\0\0\0" + b"2/5 low"


def test_a_picture_with_exif_is_left_as_it_is():
    own = Image.Exif()
    own[ExifTags.Base.Model] = "another camera"
    for options in ({"exif": own}, {"exif": own, "progressive": True}):
        data = encoded(**options)
        assert stamped(data) == data
    assert stamped(encoded(comment=b"Exif")) != encoded(comment=b"Exif")


@pytest.mark.skipif(EXIFTOOL is None, reason="needs exiftool (Debian: libimage-exiftool-perl)")
@pytest.mark.parametrize("captured_at, notes", [(1700000000, ""), (None, ""), (None, "2/5 low")])
@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.name)
def test_exiftool_reads_it_without_warning(path, captured_at, notes, tmp_path):
    file = tmp_path / "stamped.jpg"
    file.write_bytes(stamped(path.read_bytes(), captured_at, ("pir " + notes).rstrip()))
    command = [EXIFTOOL, "-json", "-a", "-G0", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr
    (found,) = json.loads(done.stdout)
    assert not [name for name in found if "Warning" in name or "Error" in name], found
    assert found["EXIF:ImageDescription"] == "pir"
    assert found.get("EXIF:UserComment", "") == notes
    assert found["EXIF:Model"] == "ai-thinker"
    assert found.get("EXIF:DateTimeOriginal") == (captured_at and "2023:11:14 22:13:20")
    assert found.get("EXIF:OffsetTimeOriginal") == (captured_at and "+00:00")

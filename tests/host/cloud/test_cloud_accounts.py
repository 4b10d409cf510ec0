# The accounts file: the ready default, and every mistake named with its place.

import json

import pytest

from tools.cloud.service import accounts
from tools.cloud.service.accounts import AccountsError


def test_the_default():
    found = accounts.default()
    project = found.projects["demo-project-key"]
    device = project.devices["demo-camera"]
    assert (project.region, project.storage) == ("demo", True)
    assert (device.enabled, device.device_type) == (True, {"image": "picture-url"})
    assert device.report_error is None
    assert found.regions == {"demo"}
    assert found.names() == {"demo-camera": "Demo camera"}


def test_what_may_be_left_out(tmp_path):
    path = tmp_path / "accounts.json"
    devices = '{"t": {"device_type": null}}'
    path.write_text(
        f'\ufeff{{"projects": {{"k": {{"region": "r", "devices": {devices}}}}}}}', encoding="utf-8"
    )
    found = accounts.load(path)
    assert found.projects["k"].storage is True
    assert found.projects["k"].devices["t"].enabled is True
    assert found.secrets() == {"k", "t"}


def _with(**changes):
    """Return the default as text, changed: `region_in_project=3`, `enabled_in_device=1`."""
    found = json.loads(accounts.DEFAULT_TEXT)
    project = found["projects"]["demo-project-key"]
    device = project["devices"]["demo-camera"]
    for name, value in changes.items():
        where, _, field = name.partition("_in_")
        {"project": project, "device": device}[field][where] = value
    return json.dumps(found)


P = "projects.demo-project-key"
D = P + ".devices.demo-camera"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON: line 1 column 1: Expecting value"),
        ('{\n"projects": {},}', "is not JSON: line 2 column 16"),
        ("[" * 100_000, "nested too deep"),
        ("[]", "expected an object, found []"),
        ("{}", 'expected an object with "projects", found {}'),
        ('{"projects": {}, "project": 1}', "project: unknown name; known here: projects"),
        ('{"projects": {"a": 1, "a": 2}}', 'the name "a" stands twice in one object'),
        ('{"projects": []}', "projects: expected an object, found []"),
        ('{"projects": {"a b": {}}}', 'projects: "a b" cannot be a name here'),
        ('{"projects": {"": {}}}', 'projects: "" cannot be a name here'),
        ('{"projects": {"\u00e9": {}}}', "cannot be a name here"),
        ('{"projects": {"a": 3}}', "projects.a: expected an object, found 3"),
        ('{"projects": {"a": {"region": "r"}}}', 'projects.a: expected an object with "devices"'),
        (_with(region_in_project=3), f"{P}.region: expected a region's name, found 3"),
        (_with(region_in_project=" "), f"{P}.region: expected a region's name"),
        (_with(storage_in_project="yes"), f'{P}.storage: expected true or false, found "yes"'),
        (_with(bucket_in_project=1), f"{P}.bucket: unknown name; known here: region, devices"),
        (_with(devices_in_project=None), f"{P}.devices: expected an object, found null"),
        (_with(enabled_in_device=1), f"{D}.enabled: expected true or false, found 1"),
        (_with(name_in_device=3), f"{D}.name: expected a name of 1 to 40 signs, found 3"),
        (_with(name_in_device=" "), f"{D}.name: expected a name of 1 to 40 signs"),
        (_with(name_in_device="a\u202eb"), f"{D}.name: expected a name of 1 to 40 signs"),
        (_with(name_in_device="my demo-camera"), f"{D}.name: expected a name without the Acc"),
        (_with(device_type_in_device=3), f"{D}.device_type: expected null or an object of"),
        (
            _with(device_type_in_device={"image": "url"}),
            f'{D}.device_type.image: expected a data type, "picture-url" or',
        ),
        (_with(device_type_in_device={"a/b": "text"}), f'{D}.device_type: "a/b" cannot be'),
        (_with(report_error_in_device=4001), f"{D}.report_error: expected null or one of 4009,"),
        (_with(report_error_in_device="413"), f"{D}.report_error: expected null or one of"),
        (_with(report_error_in_device=413.0), f"{D}.report_error: expected null or one of"),
        (_with(report_error_in_device=[413]), f"{D}.report_error: expected null or one of"),
        (
            '{"projects": {"a": {"region": "r", "devices": {"t": {"device_type": null}}},'
            ' "b": {"region": "r", "devices": {"t": {"device_type": null}}}}}',
            "projects.b.devices.t: this AccessToken is already in projects.a",
        ),
    ],
)
def test_mistakes_are_named_with_file_and_place(text, message, tmp_path):
    path = tmp_path / "accounts.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AccountsError) as caught:
        accounts.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(AccountsError, match="none.json: cannot be read: No such file"):
        accounts.load(tmp_path / "none.json")
    with pytest.raises(AccountsError, match="cannot be read: Is a directory"):
        accounts.load(tmp_path)
    (tmp_path / "latin.json").write_bytes(b'{"\xe9": 1}')
    with pytest.raises(AccountsError, match=r"latin.json: not UTF-8 \(line 1\): save it"):
        accounts.load(tmp_path / "latin.json")

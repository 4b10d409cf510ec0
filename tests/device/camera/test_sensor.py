# camera.sensor: one vocabulary for three drivers, in sensors that lack some of it.

from test_camera import on_each

from fakecamera import Settings
from thingscam.camera.camera import Camera
from thingscam.camera.sensor import EFFECTS, WHITE_BALANCES, apply

ALL = {
    "vflip": True,
    "hmirror": True,
    "brightness": 1,
    "contrast": -1,
    "saturation": 2,
    "sharpness": 1,
    "denoise": 1,
    "ae_level": -2,
    "exposure": 300,
    "gain": 4,
    "gainceiling": 16,
    "white_balance": "cloudy",
    "effect": "negative",
    "lens_correction": True,
}
API = {
    "vflip": True,
    "hmirror": True,
    "brightness": 1,
    "contrast": -1,
    "saturation": 2,
    "ae_level": -2,
    "exposure_ctrl": False,
    "aec_value": 300,
    "gain_ctrl": False,
    "agc_gain": 4,
    "gainceiling": 3,
    "whitebal": True,
    "awb_gain": True,
    "wb_mode": 2,
    "special_effect": 1,
    "lenc": True,
}
LEMARIVA = {
    "vflip": 1,
    "hmirror": 1,
    "brightness": 1,
    "contrast": -1,
    "saturation": 2,
    "special_effect": 1,
    "wb_mode": 2,
}
OPENMV = {
    "vflip": True,
    "hmirror": True,
    "brightness": 1,
    "contrast": -1,
    "saturation": 2,
    "auto_exposure": False,
    "exposure_us": 300,
    "auto_gain": False,
    "gain_db": 4,
    "gainceiling": 16,
    "special_effect": 1,
}


def camera(settings):
    section = Settings()
    section.sensor = settings
    return Camera(section, 100000)


@on_each("api", "api, old")
def test_all_of_it_by_camera_api(world):
    cam = camera(ALL)
    assert world.sensor.look == API
    assert cam.refused == ["denoise", "sharpness"]  # an OV2640
    # Each start sets it anew.
    cam.close()
    assert len(cam.capture()) and world.sensor.look == API


@on_each("lemariva")
def test_all_of_it_by_lemariva(world):
    cam = camera(ALL)
    assert world.sensor.look == LEMARIVA
    lacks = "ae_level denoise exposure gain gainceiling lens_correction sharpness"
    assert cam.refused == lacks.split()


@on_each("csi", "sensor", "csi, not encoding")
def test_all_of_it_by_openmv(world):
    cam = camera(ALL)
    assert world.sensor.look == OPENMV
    assert cam.refused == ["ae_level", "denoise", "lens_correction", "sharpness", "white_balance"]


@on_each("api", "csi", "sensor")
def test_what_goes_by_itself(world):
    settings = {"exposure": "auto", "gain": "auto", "white_balance": "auto"}
    assert camera(settings).refused == []
    look = world.sensor.look
    assert True in (look.get("exposure_ctrl"), look.get("auto_exposure"))
    assert True in (look.get("gain_ctrl"), look.get("auto_gain"))
    assert True in (look.get("awb_gain"), look.get("auto_whitebal"))
    assert "aec_value" not in look and "exposure_us" not in look


@on_each("api")
def test_each_choice_has_its_number(world):
    for names, register in ((WHITE_BALANCES, "wb_mode"), (EFFECTS, "special_effect")):
        key = "effect" if register == "special_effect" else "white_balance"
        for number, name in enumerate(names):
            assert camera({key: name}).refused == []
            assert world.sensor.look[register] == number
    for number in range(7):
        camera({"gainceiling": 2 << number})
        assert world.sensor.look["gainceiling"] == number


@on_each("api", "api, old")
def test_newer_sensors_take_the_gain_itself(world):
    # In sixteenths, and ten bits of it; the others its number.
    for model in ("OV2640", "OV3660", "OV5640"):
        world.sensor.model = model
        found = (1, 5, 6) if model == "OV2640" else (64, 1023, 1023)
        for i, most in enumerate((4, 64, 128)):
            assert camera({"gainceiling": most}).refused == []
            assert world.sensor.look["gainceiling"] == found[i]


@on_each()
def test_a_value_that_the_sensor_does_not_take_costs_no_picture(world):
    cam = camera({"brightness": 5, "vflip": True})
    # What lemariva's driver refuses it keeps to itself.
    assert cam.refused == ([] if world.name == "lemariva" else ["brightness"])
    assert len(cam.capture()) > 1000 and world.sensor.look["vflip"]


@on_each("api")
def test_a_sensor_that_has_next_to_nothing(world):
    world.sensor.simple = True
    cam = camera(ALL)
    assert cam.refused == sorted(set(ALL) - {"vflip", "hmirror"})
    assert len(cam.capture()) > 1000


@on_each()
def test_nothing_is_set_where_nothing_is_configured(world):
    cam = camera(None)
    assert world.sensor.look == {} and cam.refused == ()


def test_a_driver_of_another_kind_refuses_all():
    class Other:
        __slots__ = ()

    assert apply(Other(), {"vflip": True, "gain": "auto"}) == ["gain", "vflip"]

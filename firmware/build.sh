#!/usr/bin/env bash
# Builds MicroPython with the camera driver and thingscam frozen in, for one board:
#
#     docker run --rm -v "$PWD:/thingscam" -w /thingscam espressif/idf:v5.5.1 \
#         firmware/build.sh ai-thinker
#
# The result is build/firmware/BOARD/firmware.bin, for `python -m tools flash --firmware`.
# Versions are pinned here and nowhere else; what each is, is in firmware/README.md.
set -euo pipefail

MICROPYTHON=v1.27.0
CAMERA_API=v0.6.2
IDF=v5.5.1

root=$(cd "$(dirname "$0")/.." && pwd)
board=${1:?usage: firmware/build.sh BOARD (a name of firmware/boards.json)}
work=${2:-$root/build/firmware/$board}

[ -n "${IDF_PATH:-}" ] || {
    echo "IDF_PATH is not set: run this in the container espressif/idf:$IDF" >&2
    exit 1
}

# Variant and camera model of the board; jq is not in the container, Python is.
read -r variant model < <(python3 - "$root/firmware/boards.json" "$board" <<'PYTHON'
import json, sys

boards = json.load(open(sys.argv[1]))["boards"]
if sys.argv[2] not in boards:
    sys.exit("no such board, there are: " + " ".join(boards))
print(boards[sys.argv[2]]["variant"], boards[sys.argv[2]]["model"])
PYTHON
) || true
[ -n "${variant:-}" ] || exit 1

fetch() { # URL TAG FOLDER
    [ -d "$3/.git" ] || git clone --quiet --depth 1 --branch "$2" --recurse-submodules \
        --shallow-submodules "$1" "$3"
}

mkdir -p "$work"
fetch https://github.com/micropython/micropython.git "$MICROPYTHON" "$work/micropython"
fetch https://github.com/cnadler86/micropython-camera-API.git "$CAMERA_API" "$work/camera-api"

# shellcheck source=/dev/null
. "$IDF_PATH/export.sh" >/dev/null
make -C "$work/micropython/mpy-cross"

# Some versions of the driver's micropython.cmake choose its own manifest: make it ours.
printf 'include("%s")\n' "$root/firmware/manifest.py" >"$work/camera-api/manifest.py"
cd "$work/micropython/ports/esp32"
make BOARD="${variant%%-*}" submodules
idf.py -B "$work/build" \
    -D MICROPY_BOARD="${variant%%-*}" \
    -D MICROPY_BOARD_VARIANT="${variant#*-}" \
    -D MICROPY_CAMERA_MODEL="$model" \
    -D USER_C_MODULES="$work/camera-api/micropython.cmake" \
    -D EXTRA_COMPONENT_DIRS="$work/camera-api" \
    -D MICROPY_FROZEN_MANIFEST="$work/camera-api/manifest.py" \
    build
cd "$work/build"
python3 "$work/micropython/ports/esp32/makeimg.py" sdkconfig bootloader/bootloader.bin \
    partition_table/partition-table.bin micropython.bin "$work/firmware.bin" micropython.uf2
echo "built $work/firmware.bin"

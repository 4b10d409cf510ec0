# `python -m docs.draw`: writes every picture beside the pages.

import pathlib

from docs.draw.architecture import architecture
from docs.draw.wiring import flashing, sensor

PICTURES = {
    "architecture.svg": architecture,
    "wiring-flash.svg": flashing,
    "wiring-pir.svg": sensor,
}


def main():
    """Write all pictures."""
    folder = pathlib.Path(__file__).parent.parent
    for name, draw in PICTURES.items():
        (folder / name).write_text(draw(), "utf-8")


if __name__ == "__main__":
    main()

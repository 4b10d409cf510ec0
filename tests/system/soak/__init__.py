# Pictures counted from the camera to the service, over power cuts and whole days.

import tools  # noqa: F401 - puts lib/ on the path, for `python -m tests.system.soak`

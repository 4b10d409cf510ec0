# The settings of the section "remote": loaded only for a config.json that has it.

# As those of schema.SECTIONS.
ROWS = (
    ("every_s", "number", 0, (0, 518400)),
    ("trial_s", "number", 1800, (300, 518400)),
    ("insecure", "flag", False, None),
    ("forget", "number", 0, (0, 999999)),
)
_LEAST_S = 30  # between two messages, on the service's small plans


def judge(config, tell, _on_board):
    """Tell what is wrong between the section "remote" and the others."""
    every_s, cloud = config.remote.every_s, config.cloud
    if not every_s:
        return
    if every_s < _LEAST_S:
        text = "remote.every_s: {} is too often: at least {}, or 0 for never"
        tell(text.format(every_s, _LEAST_S))
    if not cloud.device_endpoint:
        tell("remote.every_s: settings come from cloud.device_endpoint: set it, or this to 0")
    elif not (config.remote.insecure or cloud.verify and cloud.device_endpoint[:6] == "https:"):
        tell(
            "remote.insecure: anybody on the way could set this camera: use https with "
            "cloud.verify, or set it to true"
        )

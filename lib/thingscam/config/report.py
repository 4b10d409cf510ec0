# The settings of the section "report": loaded only for a config.json with cloud.device_endpoint.

# As those of schema.SECTIONS.
ROWS = (("every_s", "number", 3600, (0, 518400)),)
_LEAST_S = 60  # the service asks for that between messages, and a picture is one too


def judge(config, tell, _on_board):
    """Tell what is wrong between the section "report" and the others."""
    every_s = config.report.every_s
    if 0 < every_s < _LEAST_S:
        text = "report.every_s: {} is too often: at least {}, or 0 for none"
        tell(text.format(every_s, _LEAST_S))

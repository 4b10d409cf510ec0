# The settings of the section "update": new versions over the air.

ROWS = (
    ("url", "url?", None, None),
    ("key", "path", "update.pub", None),
    ("ca", "path?", None, None),  # None: cloud.ca
    ("every_s", "number", 86400, (600, 432000)),
    ("window_s", "number", 3600, (0, 43200)),
    ("trial", "number", 12, (1, 168)),
)


def judge(config, tell, _on_board):
    """Tell, by tell(text), what does not go with other settings."""
    update, cloud = config.update, config.cloud
    if update.url is None:
        if any(getattr(update, row[0]) != row[2] for row in ROWS):
            tell("update.url: missing, and the other settings of update are for it alone")
    elif update.url.startswith("http:") and cloud.endpoint.startswith("https:"):
        tell("update.url: must begin with https://, as cloud.endpoint does")

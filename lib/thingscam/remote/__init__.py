# What is set from afar: taken from the service, kept over config.json, undone when it fails.

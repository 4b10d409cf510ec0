# config.json: its settings, and what they may be.

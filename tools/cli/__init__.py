# The verbs of `python -m tools`, one file (or package) a verb.

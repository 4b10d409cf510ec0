# The pictures of these pages: `python -m docs.draw` writes them anew.

# What tests of the pages share.

import re


def slugs(text):
    """Return the anchors that GitHub gives to the headings of a page's `text`."""
    found = []
    for heading in re.findall(
        r"^#+ +(.*)", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M
    ):
        text = re.sub(r"\[([^]]*)]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.append(slug + ("-%d" % found.count(slug) if slug in found else ""))
    return found

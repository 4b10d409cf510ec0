# Which known name a misspelt one was meant to be: for messages only.


def nearest(word, known):
    """Return the one of `known` (texts) that `word` was most likely meant to be."""
    best = None
    least = 1 << 20
    word = word[:64]  # a stranger's may be long
    own = _own(word)[:32]
    for name in known:
        # A setting's own name decides; its section only between equals.
        far = 2 * _distance(own, _own(name), least // 2)
        far += word.split(".")[0] != name.split(".")[0]
        if far < least:
            best, least = name, far
    return best


def is_like(word, name):
    """Return whether `word` can be a misspelt `name`, and not another text altogether."""
    most = max(2, len(_own(name)) // 2)
    return _distance(word, _own(name), most) <= most


def _own(name):
    return name.split(".")[-1]


def _distance(a, b, most):
    # Levenshtein's, one row at a time; any number above `most` where it is more than that.
    if abs(len(a) - len(b)) > most:
        return most + 1
    a = a.lower()
    row = list(range(len(b) + 1))
    for i, char in enumerate(a):
        last, row[0] = row[0], i + 1
        for j, other in enumerate(b):
            change = last + (char != other)
            last = row[j + 1]
            row[j + 1] = min(change, last + 1, row[j] + 1)
        if min(row) > most:
            return most + 1
    return row[-1]

# How bright a JPEG is, by the DC coefficients of its luminance: nothing else of it is decoded.
#
# By ITU-T T.81. Each block of 8 x 8 pixels begins with how its mean differs from that of the
# block before, and nothing but the codes of all before it tells where that is. So these are read
# one by one, and no further than it takes.

from array import array

from thingscam.util.compat import const

_MAX_SEGMENTS = const(64)
_MAX_BYTES = const(16384)  # of the scan: what was seen by then stands for the rest
# Markers, each behind an FF.
_FRAMES = (0xC0, 0xC1)  # sequential, with Huffman codes
_OTHER_FRAMES = (0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
_CODES = const(0xC4)
_SCAN = const(0xDA)
_QUANTISERS = const(0xDB)
_INTERVAL = const(0xDD)
# With so many bits in hand a code of 11 and a difference of 11 can be read; with seven more they
# still are a small int.
_BITS = const(22)
_MASK = const(0x1FFFFFFF)


def mean(image, enough=255):
    """Return the mean luminance of a JPEG (bytes-like): 0 to 255. None if it cannot be read.

    A sequential one can be, with any sampling, of grey or colour. Where it is sure to be `enough`
    or more, the rest is not looked at, and `enough` returned; nor is what is behind 16 KB.
    """
    view = memoryview(image)
    try:
        found = _head(view)
        return found and _scan(view, enough, *found)
    except (IndexError, KeyError, ValueError, ZeroDivisionError):  # it is damaged
        return None


def _head(view):
    # Returns what _scan() takes; None if that is no use.
    at = 2
    steps, codes, parts, interval, size = {}, {}, [], 0, (0, 0)
    for _ in range(_MAX_SEGMENTS):
        marker, body, end = view[at + 1], at + 4, at + 2 + _number(view, at + 2)
        if view[at] != 0xFF or marker in _OTHER_FRAMES:
            return None
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == _SCAN:
            break
        if marker in _FRAMES:
            size = _number(view, body + 3), _number(view, body + 1)
            for i in range(body + 6, end, 3):
                parts.append((view[i], view[i + 1] >> 4, view[i + 1] & 15, view[i + 2]))
        elif marker == _INTERVAL:
            interval = _number(view, body)
        while body < end and marker == _QUANTISERS:
            wide = view[body] >> 4
            steps[view[body] & 15] = _number(view, body + 1) if wide else view[body + 1]
            body += 65 + 64 * wide
        while body < end and marker == _CODES:
            codes[view[body]] = _table(view, body + 1)
            body += 17 + sum(view[body + 1 : body + 17])
        at = end
    count = view[at + 4]
    if not parts or not size[0] * size[1] or view[at + 5] != parts[0][0]:
        return None
    if count == 1:
        parts = [(parts[0][0], 1, 1, parts[0][3])]  # its blocks come row by row
    plan = []  # of a unit's blocks: is it of luminance, codes of DC, of AC
    for i, part in enumerate(parts):
        tables = view[at + 6 + 2 * i]
        plan += [(i == 0, codes[tables >> 4], codes[16 | tables & 15])] * (part[1] * part[2])
    across, down = 8 * max([part[1] for part in parts]), 8 * max([part[2] for part in parts])
    units = -(-size[0] // across) * -(-size[1] // down)
    blocks = units * parts[0][1] * parts[0][2]
    return at + 2 + _number(view, at + 2), plan, steps[parts[0][3]], interval, blocks


def _scan(view, enough, at, plan, step, interval, blocks):
    end = at + _MAX_BYTES
    word = bits = 0  # what was read, and how many bits of it are to be used yet
    left = interval
    level = total = seen = beyond = 0
    while seen < blocks and at < end:
        for is_luminance, codes, ac in plan:
            k = 0
            while k < 64:
                while bits < _BITS:
                    byte = view[at]
                    at += 1
                    if byte == 0xFF:
                        at += 1
                        if view[at - 1]:  # a marker: what is read beyond it is not used
                            at -= 2
                            byte = 0
                            beyond += 1
                            if beyond > 4:  # it is: some of the picture is missing
                                end = 0
                    word = (word << 8 | byte) & _MASK
                    bits += 8
                code = word >> (bits - 16) & 0xFFFF
                length = codes[0][code >> 8]
                if length:
                    symbol = length & 255
                    length >>= 8
                else:
                    length = 9
                    while code >= codes[1][length]:
                        length += 1
                    symbol = view[codes[2][length] + (code >> (16 - length))]
                size = symbol & 15
                bits -= length + size
                if k:
                    if not size and symbol != 0xF0:
                        break  # zeros to the end
                    k += (symbol >> 4) + 1
                    continue
                k, codes = 1, ac
                if is_luminance:
                    if size:
                        value = (word >> bits) & (1 << size) - 1
                        level += value if value >> (size - 1) else value + 1 - (1 << size)
                    total += level * step + 1024
                    seen += 1
        if total >= 8 * enough * blocks:
            return enough
        left -= 1
        if not left and seen < blocks:  # behind a restart marker all begins anew
            while view[at] != 0xFF or not 0xD0 <= view[at + 1] <= 0xD7:
                at += 1
            at, left, bits, level, beyond = at + 2, interval, 0, 0, 0
    return min(max(0, total // (8 * seen)), 255)


def _table(view, at):
    # Codes by their first eight bits, as length << 8 | symbol; for longer ones by length: the
    # first 16 bits behind the last, and what makes one a place in `view`.
    short, ends, places = array("H", bytes(512)), [0] * 17, [0] * 17
    code, place = 0, at + 16
    for length in range(1, 17):
        places[length] = place - code
        for _ in range(view[at + length - 1]):
            if length <= 8:
                first = code << (8 - length)
                for i in range(first, first + (1 << (8 - length))):
                    short[i] = length << 8 | view[place]
            code += 1
            place += 1
        ends[length] = code << (16 - length)
        code <<= 1
    return short, ends, places


def _number(view, at):
    return view[at] << 8 | view[at + 1]

# The figures as a page, docs/results/size.md.

_HEAD = """\
# What a receiver costs that has many pictures

Written by `make size` (`python -m tests.system.size --write`) in {minutes:.0f} min; do not edit.
Machine: {machine}. The fleet that sends, the database and the receiver share its cores.

{pictures:,} pictures of {cameras:,} cameras, evenly over {days} days, are in the index, and each
is a small file in a folder. All cameras have reported how they are. Meanwhile {rate} uploads a
second of 52 KB are begun by the clock, whether or not the last ones are answered. The receiver is
one process.

"""

_STEPS = {
    "check": "`receiver check`, nothing to mend but {orphans:,} pictures without a row, told",
    "mend": "`receiver check --mend`: those, and as many rows without a picture",
    "--keep-days": "`--keep-days`: the oldest 2 % are deleted",
    "--keep-pictures": "`--keep-pictures`: of each camera the oldest are deleted",
    "--keep-bytes": "`--keep-bytes`: the same, by bytes",
}
_VIEWS = {
    "/": "`/`: the newest pictures",
    "/cameras": "`/cameras`: the worst 200 cameras",
    "/cameras?find=camera&sort=name&page=7": "`/cameras`, a search for all, by name, the 7th page",
}


def write(found, about):
    """Return the page: `found` is a dict by database, see __main__.py, `about` what it is of."""
    lines = [_HEAD.format(**about)]
    for name, of in found.items():
        lines.append(f"## {name}\n\n")
        lines.append("| | pictures | s | pictures/s | memory, MB | uploads: median, ms | p99, ms")
        lines.append(" | longest, ms | failed |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
        lines.append(f"| uploads alone | | | | | {_calm(of['calm'])} |\n")
        for key, text in _STEPS.items():
            step = of[key]
            lines.append(
                f"| {text.format(**about)} | {step.count:,} | {step.seconds:.0f} |"
                f" {step.count / step.seconds:,.0f} | {step.memory / 1e6:.0f} |"
                f" {_calm(step.calm)} |\n"
            )
        lines.append(f"\nThe check said: {of['said']}. Mended: {of['mended']}.\n\n")
        lines.append("| page | ms | CPU of the receiver, ms |\n|---|--:|--:|\n")
        for key, text in _VIEWS.items():
            view = of[key]
            lines.append(f"| {text} | {view.seconds * 1e3:.0f} | {view.cpu * 1e3:.0f} |\n")
        lines.append("\n")
    lines.append(_TAIL)
    return "".join(lines)


_TAIL = """\
Memory is the peak of the check's own process (RSS), and the receiver's (PSS) while it deletes.
Without another word it deletes 500 at a time, and rests 0.2 s between two times.
"""


def _calm(calm):
    median, p99 = calm.quantile(50), calm.quantile(99)
    return f"{median:.0f} | {p99:.0f} | {max(calm.times):.0f} | {calm.failed}"

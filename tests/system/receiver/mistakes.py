# Mistakes that a receiver could make, each made on purpose: to see that the judge finds them.

import threading
import time

_LATE_S = 0.3


def _later(call):
    def run():
        time.sleep(_LATE_S)
        call()

    threading.Thread(target=run, daemon=True).start()


def answers_early():
    """Answer before the transaction has ended."""
    from tools.cloud.index.pictures import Pictures
    from tools.cloud.index.writer import Pending

    real = Pictures.keep

    def keep(self, new):
        _later(lambda: real(self, new))
        done = Pending()
        done.set_result(None)
        return done

    Pictures.keep = keep


def puts_late():
    """Answer while the object is still on its way."""
    from tools.cloud.objects import Objects

    real = Objects.put_all

    def put_all(self, pictures):
        _later(lambda: real(self, pictures))
        return [None] * len(pictures)

    Objects.put_all = put_all


def puts_twice():
    """Send each object again, under another name."""
    from tools.cloud.objects import Objects

    real = Objects.put_all

    def put_all(self, pictures):
        for name, *rest in pictures:
            head, _, ending = name.rpartition(".")
            real(self, [(f"{head}00.{ending}", *rest)])
        return real(self, pictures)

    Objects.put_all = put_all


def believes():
    """Take a storage's failure for success."""
    from tools.cloud.objects import Objects

    real = Objects.put_all

    def put_all(self, pictures):
        real(self, pictures)
        return [None] * len(pictures)

    Objects.put_all = put_all


def forgets():
    """Set no attribute."""
    from tools.cloud.index import pictures

    pictures.write_attributes = lambda scene, changes: None


def deletes_unmarked():
    """Delete objects without having said so in the index."""
    from tools.cloud.index.pictures import Pictures

    Pictures.begin_delete = lambda self, names: None


def hurries():
    """Keep no pace."""
    from tools.cloud.service import rules

    rules.check_pace = lambda *given: None


MISTAKES = {
    "answers-early": answers_early,
    "puts-late": puts_late,
    "puts-twice": puts_twice,
    "believes": believes,
    "forgets": forgets,
    "deletes-unmarked": deletes_unmarked,
    "hurries": hurries,
}


def make(name):
    """Have this process make the mistake of this name."""
    MISTAKES[name]()

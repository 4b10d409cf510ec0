# Passwords of people: how they are hashed, and what one must be like.

import asyncio
import concurrent.futures
import unicodedata

import argon2

LEAST_SIGNS = 10
MOST_SIGNS = 1000

# RFC 9106, section 4, second recommended option: 64 MiB, 3 passes, 4 lanes; a Raspberry Pi needs
# half a second for it.
HASHER = argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY)


class BusyError(Exception):
    """Too many passwords wait to be compared."""


def weakness(password, name):
    """Return what is wrong with a new password of the user `name`, as a sentence; None: nothing.

    Length is what counts, for tries are limited: NIST SP 800-63B has no other rule either.
    """
    if not LEAST_SIGNS <= len(password) <= MOST_SIGNS:
        return (
            f"the password needs {LEAST_SIGNS} to {MOST_SIGNS} signs, this one has {len(password)}"
        )
    if len(set(password)) < 4 or password.lower() in (name.lower() * 9):
        return "the password is too easy to guess: take several words"
    return None


def hashed(password, hasher=HASHER):
    """Return the argon2id hash (text) of a password; takes its time."""
    return hasher.hash(_normal(password))


class Passwords:
    """Compares passwords in a thread, one at a time, for each takes 64 MiB.

    No more than `most` wait for it. `hasher` (argon2.PasswordHasher) tells what one costs that is
    compared for nobody.
    """

    def __init__(self, most=8, hasher=HASHER):
        self._hasher = hasher
        self._threads = concurrent.futures.ThreadPoolExecutor(1, "password")
        self._most = most
        self._waiting = 0
        self._nobodys = None

    async def fits(self, hash, password):
        """Return whether `password` is the one of `hash`; None: of no user, as slowly.

        Raises BusyError.
        """
        if self._waiting >= self._most:
            raise BusyError
        self._waiting += 1
        loop = asyncio.get_running_loop()
        compared = loop.run_in_executor(self._threads, self._compare, hash, password)
        # Counted until it is done, not until nobody waits for it any more.
        compared.add_done_callback(self._done)
        return await asyncio.shield(compared)

    def _done(self, compared):
        self._waiting -= 1
        if not compared.cancelled():
            compared.exception()

    def _compare(self, hash, password):
        if self._nobodys is None:  # made with the first of all, whoever's it is
            self._nobodys = hashed("nobody's password", self._hasher)
        try:
            self._hasher.verify(hash or self._nobodys, _normal(password))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return hash is not None


def _normal(password):
    # Keyboards write one sign in several ways.
    return unicodedata.normalize("NFKC", password)

# Where the pictures themselves are kept: a folder, or object storage, by URL.

from .errors import SettingError, StorageError
from .objects import SIGNED_S, URLS, Objects

__all__ = ["SIGNED_S", "URLS", "Objects", "SettingError", "StorageError"]

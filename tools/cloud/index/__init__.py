# What is known of projects, devices and pictures, in SQLite or PostgreSQL.

from .errors import AccountError, DatabaseError, DuplicateError, UnavailableError
from .index import Index
from .pictures import Found, New, Page, Stored
from .projects import Ask
from .records import DEVICE, PERSON, Attribute, Event, Message
from .scene import Device

__all__ = [
    "DEVICE",
    "PERSON",
    "AccountError",
    "Ask",
    "Attribute",
    "DatabaseError",
    "Device",
    "DuplicateError",
    "Event",
    "Found",
    "Index",
    "Message",
    "New",
    "Page",
    "Stored",
    "UnavailableError",
]

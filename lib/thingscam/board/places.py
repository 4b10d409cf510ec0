# Places in RTC memory, as in rtc.py, of what few configurations use: loaded with it.

AGAIN = (628, 16)
BATTERY = (688, 2)
BATTERY_HOUR = (696, 16)
REPORT = (768, 16)
DEVICE = (788, 11)

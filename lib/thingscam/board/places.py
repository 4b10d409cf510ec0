# Places in RTC memory, as in rtc.py, of what few configurations use: loaded with it.

AGAIN = (628, 16)
BATTERY = (688, 2)
BATTERY_HOUR = (696, 16)
REPORT = (768, 16)
DEVICE = (788, 11)
EVENTS = (803, 27)
APART = (834, 1)
REMOTE_ASK = (868, 16)
REMOTE_TRIAL = (888, 16)
REMOTE_PICTURE = (908, 16)
REMOTE_AWAKE = (928, 16)
SETUP = (1068, 1)

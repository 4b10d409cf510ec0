# An HTTP client of one kept-open, verified connection: needs only thingscam.util of the rest.

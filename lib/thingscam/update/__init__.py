# New versions over the air: signed, on trial, and back by itself.

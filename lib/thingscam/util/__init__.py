# What every room uses: log, redaction, compatibility.

# What a picture is: whether it may be sent, and what is written into it.

# The proof that a receiver never answers "stored" for what is not there, whatever fails.

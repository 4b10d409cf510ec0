# The stand-in's page: pictures, board and log, live.

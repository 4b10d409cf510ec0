# What a picture costs, measured beside stock requests.

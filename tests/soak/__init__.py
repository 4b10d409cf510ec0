# Pictures counted from the camera to the service, over power cuts and whole days.

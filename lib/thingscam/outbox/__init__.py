# Pictures that wait, through power cuts: needs nothing of the rest but thingscam.util.

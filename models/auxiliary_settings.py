"""The auxiliary stream's shape, for the code that makes it and the code that only reads it."""

AUXILIARY_SIDE = 64
#: Every second frame of 25 a second has an auxiliary frame; the one between shows the older one.
FRAMES_PER_AUXILIARY = 2

"""The machine-readable mark of rendered pictures: the digital source type of IPTC (cv.iptc.org/newscodes)."""

#: Name of the mark in every file that carries it.
SOURCE_TYPE = "DigitalSourceType"
#: Made of several parts of which some are synthetic: keyframes that a camera took, and what was drawn from them.
RENDERED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"

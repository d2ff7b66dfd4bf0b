"""What both ends do with aiortc: session descriptions, data channels, voice slots, bundles behind the voice."""

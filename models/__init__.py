"""How facewire's tables and networks are made; `models/weights/` holds the results."""

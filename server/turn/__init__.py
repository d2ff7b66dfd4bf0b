"""A TURN server beside this one, for clients whose network lets no UDP through."""

"""Load: many real participants on one server."""

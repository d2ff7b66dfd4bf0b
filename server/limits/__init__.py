"""How much and how often anybody may do something."""

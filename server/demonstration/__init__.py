"""The demonstration participant: a recording in the product's own format, and how it is made."""

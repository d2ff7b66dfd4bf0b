"""End-to-end encryption of what participants send each other (docs/encryption.md)."""

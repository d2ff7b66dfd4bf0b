"""The browser page, driven in a real Chromium."""

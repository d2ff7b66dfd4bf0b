"""Benchmarks that need a running server and real browsers."""

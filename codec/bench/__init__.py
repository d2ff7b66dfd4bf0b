"""Benchmarks of the codec alone; those that need a server or a browser are in `server/bench/`."""

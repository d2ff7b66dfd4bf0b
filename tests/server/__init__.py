"""Tests of the service: real aiortc connections through a real server on a free port."""

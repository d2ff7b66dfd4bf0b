"""Errors of the benchmarks."""

from codec.errors import CodecError


class BenchError(CodecError):
    """A benchmark cannot run: something is not installed, an external program failed, or the material is unfit."""

"""Windows of the core grid: training draws parts of a picture, the exported graph always the whole."""

from dataclasses import dataclass

#: Cells of the core's grid along a picture's edge; also the auxiliary frame's side.
CORE_SIDE = 64


@dataclass(frozen=True, slots=True)
class Window:
    """A square of core cells."""

    top: int = 0
    left: int = 0
    side: int = CORE_SIDE

    def rows(self, scale: int = 1) -> slice:
        """Return the window's rows in a picture of `scale` pixels a cell."""
        return slice(self.top * scale, (self.top + self.side) * scale)

    def columns(self, scale: int = 1) -> slice:
        """Return the window's columns in a picture of `scale` pixels a cell."""
        return slice(self.left * scale, (self.left + self.side) * scale)


WHOLE = Window()

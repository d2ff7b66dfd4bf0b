"""Renderers: they decode faces for browsers that cannot, and send them as ordinary video (docs/rendering.md).

`messages`, `registry` and `endpoint` are the server's side and load no codec; the rest runs in the renderer's process.
"""

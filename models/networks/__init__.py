"""The animator's networks in torch; `models.export` turns them into the graphs of docs/animator.md."""

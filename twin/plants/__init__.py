"""What surrounds the optics and changes by itself: the storage ring."""

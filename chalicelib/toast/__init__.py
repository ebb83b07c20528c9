"""How the parts of Toast's orders become parts of the canonical transaction."""

"""How the parts of Clover's orders become parts of the canonical transaction."""

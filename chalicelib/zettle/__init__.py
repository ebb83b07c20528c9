"""How Zettle's purchases become transactions."""

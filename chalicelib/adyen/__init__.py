"""How what Adyen tells of payments becomes a transaction."""

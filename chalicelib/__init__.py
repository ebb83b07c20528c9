"""All that runs in Lambda: the one path from a till's message to a published transaction."""

"""All that runs in Lambda: the one path from a till's message to a published transaction."""

import gc

# What is imported stays: to look for garbage in it, again and again, is a tenth of a cold start.
gc.set_threshold(100_000)

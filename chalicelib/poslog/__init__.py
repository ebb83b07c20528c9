"""The parts of a POSLog transaction, for the adapter of that name to put together."""

"""The parts of the Clover adapter."""

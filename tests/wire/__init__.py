"""The deployed app, with faults between its functions and AWS."""

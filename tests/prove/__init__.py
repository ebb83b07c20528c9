"""The proof: `make prove`.  Each module is one part of it, and runs by itself as well."""

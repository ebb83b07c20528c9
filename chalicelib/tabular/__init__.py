"""What exports have in common, whether CSV or JSON lines: rows, read as a mapping says."""

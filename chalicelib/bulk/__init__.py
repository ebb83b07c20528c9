"""Files that are dropped into the inbox: read as a stream, and taken apart into messages."""

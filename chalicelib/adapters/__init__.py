"""One module per POS vendor, each with one pure function.

`adapt(text, merchant)` yields what it found in a message, in order: a `Transaction`, or the
`Ignored` or `Rejected` that one record deserves.  It knows nothing of queues, of AWS or of the
other vendors.  A vendor is added by adding its module and its pairs in tests/adapters/<vendor>.
"""

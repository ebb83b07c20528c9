"""What the path leans on in AWS: one suite for the embedded AWS and for the simulator's models.

So the models can't drift from the wire.  Where the embedded AWS isn't as AWS documents itself,
`differences` says so, and the models follow AWS.
"""

"""The console: a page on this machine for the people who run a stage.  It is never deployed.

It looks with the operator's own AWS credentials, listens on loopback only, and changes nothing
but what is confirmed: a redrive.
"""

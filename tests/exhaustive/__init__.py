"""Every interleaving of a few workers at one key, against the real `decide` and `held`.

- `rules`: the real decisions, and how a broken one is put in their place
- `book`: what the destinations have seen, and what they must never see
- `steps`: what can happen next in a state
- `search`: all that can ever happen, shortest way first
- `mutants`: every cell of the table, decided otherwise
"""

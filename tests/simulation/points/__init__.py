"""From till to points: a month's sales through the whole chain, in the simulator.

python -m tests.simulation --points --seeds 1..200    run many; a failing one is made small
python -m tests.simulation --points --seed 42 --trace run one, and tell everything that happened
"""

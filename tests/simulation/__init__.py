"""The real pipeline against modelled AWS, under one seeded scheduler and one clock.

python -m tests.simulation --seeds 1..1000    run many; a failing one is made small and told
python -m tests.simulation --seed 42 --trace  run one, and tell everything that happened
"""

"""Five independent services (intake, matching, training, enterprise, reporting): none imports another.

`python -m services up` runs all of them on one machine.
"""

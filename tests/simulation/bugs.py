"""The deliberate bugs."""

from tests.simulation import bugs_of_path, bugs_of_points, bugs_of_store

BUGS = (*bugs_of_store.BUGS, *bugs_of_path.BUGS, *bugs_of_points.BUGS)

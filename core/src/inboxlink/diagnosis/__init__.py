"""What a failure means, whose it is and what to do next, as data.

A rule tells one cause by what the other side says of it. The standards' rules stand here, a
vendor's in the package of its provider, and both are read without importing a provider.
"""

from inboxlink.diagnosis.diagnosing import Diagnosis, diagnose, explain
from inboxlink.diagnosis.loading import load_rules
from inboxlink.diagnosis.matching import Rules

__all__ = ["Diagnosis", "Rules", "diagnose", "explain", "load_rules"]

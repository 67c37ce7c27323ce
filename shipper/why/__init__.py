"""Why is a file read, or not read?"""

from shipper.why.explaining import Explanation, explain
from shipper.why.finding import Finding, Told

__all__ = ["Explanation", "Finding", "Told", "explain"]

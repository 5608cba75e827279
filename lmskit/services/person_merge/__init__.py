"""Make one person of two, and two of one again: conflicts are listed first, and a picture of before is kept."""

from lmskit.services.person_merge.merge import MergeReport, merge_people
from lmskit.services.person_merge.split import SplitReport, split_person

__all__ = ["MergeReport", "SplitReport", "merge_people", "split_person"]

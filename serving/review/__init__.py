"""The review pages: where analysts work, supervisors approve, and auditors look."""

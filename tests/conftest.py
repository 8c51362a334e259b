"""What holds for every test."""

from hypothesis import settings

# A deadline would assert wall-clock time; kernels compile inside the first example.
settings.register_profile("riskml", deadline=None)
settings.load_profile("riskml")

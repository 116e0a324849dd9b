#: A program of its own, for ophyd; see `test_profile`.
collect_ignore = ["chx_profile.py"]

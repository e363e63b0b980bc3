"""Tools behind the make targets: ``python -m include.development.<tool>``. Nothing that runs at night imports them."""

"""What tonight would do for one organization: the steps of the night itself, in a transaction that is rolled back."""

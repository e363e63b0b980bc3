"""Invoice Processing: open invoices become claims in Awaiting Submission."""

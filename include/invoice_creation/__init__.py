"""Invoice Creation: kept, billable appointments become invoices."""

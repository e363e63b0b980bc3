"""What the three nightly automations share: runs and attempts, organizations, exclusion rules, decisions, results."""

"""Settings and exclusion rules of an organization, who may see it, its nights and its history: read and change."""
